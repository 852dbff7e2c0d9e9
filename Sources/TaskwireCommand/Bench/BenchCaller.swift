internal import Taskwire
internal import TaskwireClient

/// One of the callers: it calls again as soon as it has its answer.
struct BenchCaller: Sendable {
    private let load: BenchLoad
    private let client: TaskwireClient
    /// Makes the changes that ``client`` waits for.
    private let changer: TaskwireClient
    private let tasks: BenchTasks
    /// Tasks that all callers have; empty where each has its own.
    private let population: [String]
    private let message: String
    /// The task of the caller, where it has one.
    private var taskID = ""
    private var revision: UInt64 = 0
    /// How often its task was changed.
    private var changeCount = 0
    private var step = 0
    /// Where in ``population`` it is, as a fraction of 2^64.
    private var place: UInt64 = .random(in: .min ... .max)

    /// A caller that sends the load's payload where a call takes one, and as much text where it takes that.
    init(
        _ load: BenchLoad,
        client: TaskwireClient,
        changer: TaskwireClient,
        tasks: BenchTasks,
        population: [String]
    ) {
        self.load = load
        self.client = client
        self.changer = changer
        self.tasks = tasks
        self.population = population
        message = String(load.payload.text.prefix(TaskLimits.maxTextBytes))
    }

    /// Makes the task that the mix needs.
    mutating func prepare() async throws {
        switch load.mix.tasks {
        case .new: return
        case .any where !population.isEmpty: return
        case .any, .own:
            let task = try await tasks.create(through: client, statusMessage: message)
            taskID = task.id
            revision = task.revision
            changeCount = 0
        }
    }

    /// How often a task can be changed within a minute: it remembers 32 changes, and others in 64 KiB.
    private var mostChanges: Int { 32 + (48 << 10) / (message.utf8.count + 128) }

    /// Does operations until `quota` is used up, the server is gone, or the Swift task is cancelled.
    /// - Parameter moment: When to change what is waited for, if not as soon as the call waits.
    mutating func run(
        _ quota: BenchQuota,
        counting tally: BenchTally,
        changingAt moment: ContinuousClock.Instant? = nil
    ) async {
        while !Task.isCancelled, quota.take() {
            do {
                tally.record(try await operate(changingAt: moment))
            } catch let error as TaskwireError {
                tally.record(error)
                guard error.code != .unavailable else { return }
            } catch {
                return
            }
        }
    }

    /// Does the operation once and returns how long it took.
    private mutating func operate(changingAt moment: ContinuousClock.Instant?) async throws -> Duration {
        if changeCount >= mostChanges { try await prepare() }
        let id = nextTaskID()
        let start = ContinuousClock.now
        switch load.mix {
        case .get:
            _ = try await client.getTask(id, view: .basic)
        case .create:
            _ = try await tasks.create(through: client)
        case .update:
            _ = try await update(id, through: client)
        case .lifecycle:
            let id = try await tasks.create(through: client).id
            for _ in 0..<2 { _ = try await update(id, through: client) }
            _ = try await client.completeTask(id, result: load.payload)
            _ = try await client.getResult(id)
        case .wait:
            return try await wakeUp(at: moment)
        }
        return .now - start
    }

    /// The task of the next operation.
    private mutating func nextTaskID() -> String {
        guard !population.isEmpty, load.mix.tasks == .any else { return taskID }
        // Steps of the golden ratio are spread evenly over all tasks, and each is far from the one before.
        place &+= 0x9E37_79B9_7F4A_7C15
        return population[Int(place.multipliedFullWidth(by: UInt64(population.count)).high)]
    }

    private mutating func update(_ id: String, through client: TaskwireClient) async throws -> TaskState {
        step += 1
        if id == taskID { changeCount += 1 }
        let progress = TaskProgress(current: Double(step))
        return try await client.updateTask(id, statusMessage: message, progress: progress)
    }

    /// Has a call wait for a change of the task, changes the task, and returns how long after the sending of the
    /// change the waiting call had returned.
    private mutating func wakeUp(at moment: ContinuousClock.Instant?) async throws -> Duration {
        // Made here, since the other task would read the revision when it comes to that.
        let request = WaitTaskRequest(taskID: taskID, afterRevision: revision)
        async let woken = Self.untilChanged(request, in: client)
        if let moment {
            try await Task.sleep(until: moment, clock: .continuous)
        } else {
            // What was sent before is at the server when this is answered. A wait that is sent later still may find
            // the task changed already; it counts as well.
            _ = try await client.getTask(taskID, view: .basic)
        }
        let start = ContinuousClock.now
        revision = try await update(taskID, through: changer).revision
        return try await woken - start
    }

    /// Returns when the task was seen to have changed.
    private static func untilChanged(
        _ request: WaitTaskRequest,
        in client: TaskwireClient
    ) async throws -> ContinuousClock.Instant {
        while try await !client.waitTask(request, options: .default).isChanged {}
        return .now
    }
}

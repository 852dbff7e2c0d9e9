internal import Taskwire
internal import TaskwireClient

/// One of the callers: it calls again as soon as it has its answer, and counts for itself.
struct BenchCaller: Sendable {
    private let mix: BenchMix
    private let client: TaskwireClient
    private let tasks: BenchTasks
    private let payload: Payload
    private let message: String
    /// The task of a mix that needs one.
    private var taskID = ""
    private var revision: UInt64 = 0
    private var step = 0

    /// What it has done since this was reset.
    var tally = BenchTally()

    /// A caller that sends `payload` where a call takes one, and as much text where it takes that.
    init(mix: BenchMix, client: TaskwireClient, tasks: BenchTasks, payload: Payload) {
        self.mix = mix
        self.client = client
        self.tasks = tasks
        self.payload = payload
        message = String(payload.text.prefix(TaskLimits.maxTextBytes))
    }

    /// Makes the task that the mix needs.
    mutating func prepare() async throws {
        guard mix.needsTask else { return }
        let task = try await tasks.create()
        taskID = task.id
        revision = task.revision
    }

    /// Does operations until `quota` is used up, the server is gone, or the Swift task is cancelled.
    mutating func run(_ quota: BenchQuota) async {
        while !Task.isCancelled, quota.take() {
            do {
                tally.record(try await operate())
            } catch let error as TaskwireError {
                tally.record(error)
                guard error.code != .unavailable else { return }
            } catch {
                return
            }
        }
    }

    /// Does the operation once and returns how long it took.
    private mutating func operate() async throws -> Duration {
        let start = ContinuousClock.now
        switch mix {
        case .get:
            _ = try await client.getTask(taskID, view: .full)
        case .create:
            _ = try await tasks.create()
        case .update:
            _ = try await update(taskID)
        case .lifecycle:
            let id = try await tasks.create().id
            for _ in 0..<2 { _ = try await update(id) }
            _ = try await client.completeTask(id, result: payload)
            _ = try await client.getResult(id)
        case .wait:
            return try await wakeUp()
        }
        return .now - start
    }

    private mutating func update(_ id: String) async throws -> TaskState {
        step += 1
        let progress = TaskProgress(current: Double(step))
        return try await client.updateTask(id, statusMessage: message, progress: progress)
    }

    /// Has a call wait for a change of the task, changes the task, and returns how long after the sending of the
    /// change the waiting call had returned.
    private mutating func wakeUp() async throws -> Duration {
        // Made here, since the other task would read the revision when it comes to that.
        let request = WaitTaskRequest(taskID: taskID, afterRevision: revision)
        async let woken = Self.untilChanged(request, in: client)
        // What was sent before is at the server when this is answered. A wait that is sent later still may find
        // the task changed already; it counts as well.
        _ = try await client.getTask(taskID)
        let start = ContinuousClock.now
        revision = try await update(taskID).revision
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

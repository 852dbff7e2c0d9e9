internal import Taskwire

/// Follows a task until it has ended.
struct TaskFollower {
    /// What a call may take that does not wait.
    static let callTimeout: Duration = .seconds(30)
    /// The longest wait of one call.
    private static let longestWait: Duration = .seconds(30)
    /// How much later than its wait a call has to be answered.
    private static let grace: Duration = .seconds(5)

    private let store: any TaskStore
    private let taskID: String
    private let timeout: DurationArgument?
    private let deadline: ContinuousClock.Instant?
    private let patiently: PatientCalls

    /// Follows for as long as `timeout`, from now on; `nil`: without end.
    /// - Parameters:
    ///   - patience: How long the server may be away, once it has answered.
    ///   - prepare: Makes room for telling people that it is.
    init(
        store: some TaskStore,
        taskID: String,
        timeout: DurationArgument?,
        patience: PatienceOption,
        prepare: @escaping @Sendable () -> Void = {}
    ) {
        self.store = store
        self.taskID = taskID
        self.timeout = timeout
        let deadline = timeout.map { ContinuousClock.now + $0.duration }
        self.deadline = deadline
        patiently = PatientCalls(patience, until: deadline, prepare: prepare)
    }

    /// Calls `body` with the task now and at each change, and returns its outcome when it has ended.
    func follow(_ body: (TaskState) throws -> Void) async throws -> TaskOutcome {
        let first = CallOptions(timeout: min(Self.callTimeout, timeout?.duration ?? Self.callTimeout))
        var task = try await store.getTask(taskID, view: .basic, options: first)
        try body(task)
        while !task.status.isTerminal {
            let change = try await nextChange(after: task)
            guard change.isChanged else { continue }
            task = change.task
            try body(task)
        }
        // Only a failure has more to say than the task itself.
        guard task.status == .failed else { return TaskOutcome(task: task) }
        return try await patiently { try await store.getResult(taskID) }
    }

    private func nextChange(after task: TaskState) async throws -> TaskChange {
        do {
            return try await patiently {
                let rest = deadline.map { $0 - .now } ?? Self.longestWait
                guard rest > .zero else { throw timedOut(task) }
                let wait = min(rest, Self.longestWait)
                let request = WaitTaskRequest(taskID: taskID, afterRevision: task.revision, wait: wait)
                return try await store.waitTask(request, options: CallOptions(timeout: wait + Self.grace))
            }
        } catch let error as TaskwireError {
            guard let deadline, deadline <= .now else { throw error }
            throw timedOut(task, because: CommandFailure(error))
        }
    }

    /// The time is over; `absence` says why nothing newer is known of the task.
    private func timedOut(_ task: TaskState, because absence: CommandFailure? = nil) -> CommandFailure {
        let status = task.status.rawValue
        let end = absence.map { "it was \(status); \($0.message)" } ?? "it is \(status)"
        return CommandFailure(
            "task \(taskID) has not ended within \(timeout?.description ?? ""), \(end)",
            exitCode: CommandFailure.Code.timedOut
        )
    }
}

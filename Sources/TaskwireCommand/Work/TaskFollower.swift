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

    /// Follows for as long as `timeout`, from now on; `nil`: without end.
    init(store: some TaskStore, taskID: String, timeout: DurationArgument?) {
        self.store = store
        self.taskID = taskID
        self.timeout = timeout
        self.deadline = timeout.map { .now + $0.duration }
    }

    /// Calls `body` with the task now and at each change, and returns it as it ended.
    func follow(_ body: (TaskState) throws -> Void) async throws -> TaskState {
        let first = CallOptions(timeout: min(Self.callTimeout, timeout?.duration ?? Self.callTimeout))
        var task = try await store.getTask(taskID, view: .basic, options: first)
        try body(task)
        while !task.status.isTerminal {
            let rest = deadline.map { $0 - .now } ?? Self.longestWait
            guard rest > .zero else {
                throw CommandFailure(
                    "task \(taskID) has not ended within \(timeout?.description ?? ""), it is \(task.status.rawValue)",
                    exitCode: CommandFailure.Code.timedOut
                )
            }
            let wait = min(rest, Self.longestWait)
            let request = WaitTaskRequest(taskID: taskID, afterRevision: task.revision, wait: wait)
            let change = try await store.waitTask(request, options: CallOptions(timeout: wait + Self.grace))
            guard change.isChanged else { continue }
            task = change.task
            try body(task)
        }
        return task
    }
}

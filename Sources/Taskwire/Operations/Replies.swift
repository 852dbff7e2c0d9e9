/// What came of a task, or that nothing has yet.
public struct TaskOutcome: Sendable, Hashable {
    /// The task, without its payloads.
    public var task: TaskState
    /// Its result, where one is stored.
    public var result: Payload?
    /// Its error, where it failed.
    public var error: TaskError?

    /// Whether a result or an error is there.
    public var hasResult: Bool { result != nil || error != nil }

    /// An outcome.
    public init(task: TaskState, result: Payload? = nil, error: TaskError? = nil) {
        self.task = task
        self.result = result
        self.error = error
    }
}

/// What `waitTask` saw.
public struct TaskChange: Sendable, Hashable {
    /// The task as it was when the wait ended.
    public var task: TaskState
    /// Whether its revision is above the one that was asked for; `false`: the wait ended first.
    public var isChanged: Bool

    /// A change, or the lack of one.
    public init(task: TaskState, isChanged: Bool) {
        self.task = task
        self.isChanged = isChanged
    }
}

/// One page of a listing.
public struct TaskPage: Sendable, Hashable {
    /// Tasks in the order of their creation. May be fewer than asked for, even none, while more pages follow
    /// (AIP-158): a page that filters looks at a bounded number of tasks, and one of large tasks ends early.
    public var tasks: [TaskState]
    /// Where the next page begins; empty on the last page.
    public var nextCursor: String

    /// A page.
    public init(tasks: [TaskState], nextCursor: String = "") {
        self.tasks = tasks
        self.nextCursor = nextCursor
    }
}

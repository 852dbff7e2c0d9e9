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

/// A lease that was taken.
public struct TaskClaim: Sendable, Hashable {
    /// The task, without its payloads.
    public var task: TaskState
    /// Proof of the lease, for the worker alone. No other lease has the same, so that the store can tell a worker that
    /// lost its lease from the one that has it (fencing).
    public var leaseToken: [UInt8]

    /// A lease on `task`.
    public init(task: TaskState, leaseToken: [UInt8]) {
        self.task = task
        self.leaseToken = leaseToken
    }
}

/// The oldest message of a task's queue, or that there is none.
public struct MessageDelivery: Sendable, Hashable {
    /// The task, without its payloads.
    public var task: TaskState
    /// The message; `nil`: the queue was empty.
    public var message: TaskMessage?

    /// A delivery.
    public init(task: TaskState, message: TaskMessage?) {
        self.task = task
        self.message = message
    }
}

/// What was in a task's queue.
public struct ClearedMessages: Sendable, Hashable {
    /// The task, without its payloads.
    public var task: TaskState
    /// The messages, the oldest first.
    public var messages: [TaskMessage]

    /// What was taken out of a queue.
    public init(task: TaskState, messages: [TaskMessage]) {
        self.task = task
        self.messages = messages
    }
}

/// Which answers were taken.
public struct InputReceipt: Sendable, Hashable {
    /// The task, without its payloads.
    public var task: TaskState
    /// The keys that were open and are answered now, sorted.
    public var acceptedKeys: [String]

    /// A receipt.
    public init(task: TaskState, acceptedKeys: [String]) {
        self.task = task
        self.acceptedKeys = acceptedKeys
    }
}

/// The answer to a question.
public struct InputAnswer: Sendable, Hashable {
    /// The task, without its payloads.
    public var task: TaskState
    /// What was answered.
    public var response: Payload

    /// An answer.
    public init(task: TaskState, response: Payload) {
        self.task = task
        self.response = response
    }
}

/// What `enqueueMessage` needs.
public struct EnqueueMessageRequest: Sendable, Hashable {
    /// Which task.
    public var taskID: String
    /// Whether an answer is expected. A request is also an input request, as if `requestInput` had made it.
    public var kind: TaskMessage.Kind
    /// Names the message, up to 256 bytes. A request needs one that was not used in the task before.
    public var key: String
    /// The body.
    public var payload: Payload
    /// Proof of the lease, where the task is claimed; else empty.
    public var leaseToken: [UInt8]

    /// A request to queue `payload`.
    public init(
        taskID: String,
        kind: TaskMessage.Kind,
        key: String = "",
        payload: Payload,
        leaseToken: [UInt8] = []
    ) {
        self.taskID = taskID
        self.kind = kind
        self.key = key
        self.payload = payload
        self.leaseToken = leaseToken
    }
}

/// What `waitMessage` needs.
public struct WaitMessageRequest: Sendable, Hashable {
    /// Which task.
    public var taskID: String
    /// How long to wait in milliseconds, at most the store's limit (30 s unless set); 0: that limit.
    public var waitMilliseconds: Int64

    /// A request to wait for a message; `wait` of `nil`: as long as allowed.
    public init(taskID: String, wait: Duration? = nil) {
        self.taskID = taskID
        self.waitMilliseconds = wait?.millisecondsRoundedUp ?? 0
    }
}

/// What `requestInput` needs.
public struct RequestInputRequest: Sendable, Hashable {
    /// Which task.
    public var taskID: String
    /// Names the question, 1 to 256 bytes, once in the task's life.
    public var key: String
    /// What is asked.
    public var payload: Payload
    /// Proof of the lease, where the task is claimed; else empty.
    public var leaseToken: [UInt8]

    /// A request to ask `payload` under `key`.
    public init(taskID: String, key: String, payload: Payload, leaseToken: [UInt8] = []) {
        self.taskID = taskID
        self.key = key
        self.payload = payload
        self.leaseToken = leaseToken
    }
}

/// What `provideInput` needs.
public struct ProvideInputRequest: Sendable, Hashable {
    /// Which task.
    public var taskID: String
    /// Answers by the keys of their questions. Keys that nobody asked, or that are answered, are ignored.
    public var responses: [String: Payload]

    /// A request to answer.
    public init(taskID: String, responses: [String: Payload]) {
        self.taskID = taskID
        self.responses = responses
    }
}

/// What `awaitInput` needs.
public struct AwaitInputRequest: Sendable, Hashable {
    /// Which task.
    public var taskID: String
    /// The key of the question.
    public var key: String
    /// How long to wait in milliseconds, at most the store's limit (30 s unless set); 0: that limit.
    public var waitMilliseconds: Int64

    /// A request to wait for the answer to one question; `wait` of `nil`: as long as allowed.
    public init(taskID: String, key: String, wait: Duration? = nil) {
        self.taskID = taskID
        self.key = key
        self.waitMilliseconds = wait?.millisecondsRoundedUp ?? 0
    }
}

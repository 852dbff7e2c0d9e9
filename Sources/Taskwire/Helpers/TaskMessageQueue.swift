/// The messages of one task in the order in which they were queued, like the MCP Python SDK's `TaskMessageQueue`.
///
/// The queue is in the store: what one process appends another one takes.
public struct TaskMessageQueue: Sendable {
    /// Whose messages these are.
    public let taskID: String

    private let store: any TaskStore
    private let leaseToken: [UInt8]

    /// The queue of the task `taskID` in `store`. Appending to it takes the token of the task's lease, where it has one.
    public init(of taskID: String, in store: some TaskStore, leaseToken: [UInt8] = []) {
        self.taskID = taskID
        self.store = store
        self.leaseToken = leaseToken
    }

    /// Appends a message. One that expects an answer needs a key, and makes the task `input_required` until
    /// ``TaskStore/provideInput(_:options:)`` answers it.
    /// - Throws: The errors of ``TaskStore/enqueueMessage(_:options:)``.
    public func enqueue(_ payload: Payload, kind: TaskMessage.Kind, key: String = "") async throws {
        _ = try await store.enqueueMessage(
            payload,
            kind: kind,
            key: key,
            for: taskID,
            leaseToken: leaseToken
        )
    }

    /// Takes the oldest message; `nil` where there is none.
    /// - Throws: The errors of ``TaskStore/dequeueMessage(_:options:)``.
    public func dequeue() async throws -> TaskMessage? {
        try await store.dequeueMessage(taskID).message
    }

    /// Returns the oldest message and leaves it in the queue; `nil` where there is none.
    /// - Throws: The errors of ``TaskStore/peekMessage(_:options:)``.
    public func peek() async throws -> TaskMessage? {
        try await store.peekMessage(taskID).message
    }

    /// Whether there is no message.
    /// - Throws: The errors of ``TaskStore/peekMessage(_:options:)``.
    public var isEmpty: Bool {
        get async throws { try await peek() == nil }
    }

    /// Takes all messages, the oldest first.
    /// - Throws: The errors of ``TaskStore/clearMessages(_:options:)``.
    public func clear() async throws -> [TaskMessage] {
        try await store.clearMessages(taskID).messages
    }

    /// Waits until there is a message, and returns the oldest, which stays in the queue.
    /// - Parameter timeout: How long to wait in all; `nil`: for ever.
    /// - Throws: DEADLINE_EXCEEDED when the time is over first, FAILED_PRECONDITION / TASK_TERMINAL when the task has
    ///   ended and there is none.
    public func waitForMessage(timeout: Duration? = nil) async throws -> TaskMessage {
        try await store.untilInTime(timeout) { wait in
            let delivery = try await store.waitMessage(
                WaitMessageRequest(taskID: taskID, wait: wait),
                options: .default
            )
            guard let message = delivery.message else {
                throw TaskwireError(.internal, .malformedMessage, "WaitMessage returned no message")
            }
            return message
        }
    }
}

/// One entry of a task's message queue.
public struct TaskMessage: Sendable, Hashable {
    /// What a message is to its receiver.
    public enum Kind: Sendable, Hashable, CaseIterable {
        /// Expects an answer.
        case request
        /// Does not.
        case notification
    }

    /// Names the message within its task.
    public var key: String
    /// Whether an answer is expected.
    public var kind: Kind
    /// The body.
    public var payload: Payload
    /// When it was queued.
    public var enqueuedAt: Timestamp

    /// A message that was queued at `enqueuedAt`.
    public init(key: String, kind: Kind, payload: Payload, enqueuedAt: Timestamp) {
        self.key = key
        self.kind = kind
        self.payload = payload
        self.enqueuedAt = enqueuedAt
    }
}

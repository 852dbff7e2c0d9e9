/// A question of the worker that nobody has answered yet.
public struct InputRequest: Sendable, Hashable {
    /// Names the question within its task.
    public var key: String
    /// What is asked.
    public var payload: Payload

    /// A question under `key`.
    public init(key: String, payload: Payload) {
        self.key = key
        self.payload = payload
    }
}

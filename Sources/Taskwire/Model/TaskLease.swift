/// Who is executing a task now. The token that proves it is shown to the holder alone.
public struct TaskLease: Sendable, Hashable {
    /// The worker's name, 1 to 256 bytes.
    public var worker: String
    /// When the lease runs out unless it is renewed.
    public var expiresAt: Timestamp

    /// A lease of `worker` until `expiresAt`.
    public init(worker: String, expiresAt: Timestamp) {
        self.worker = worker
        self.expiresAt = expiresAt
    }
}

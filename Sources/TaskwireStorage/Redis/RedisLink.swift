internal import Dispatch

/// A connection with its thread, for a ``ConnectionQueue``.
final class RedisLink: QueuedConnection {
    private let queue: DispatchQueue
    /// Used on the queue alone.
    private nonisolated(unsafe) let connection: RedisConnection

    init(_ endpoint: RedisEndpoint, of address: RedisAddress) {
        queue = DispatchQueue(label: "taskwire.redis")
        unsafe connection = RedisConnection(endpoint, of: address)
    }

    func submit(_ body: @escaping @Sendable (RedisConnection) -> Void) {
        queue.async { body(unsafe self.connection) }
    }

    func close() {
        queue.sync { unsafe connection.close() }
    }
}

public import Logging
public import Taskwire

/// A store in a Redis, which any number of servers and workers may use at the same time, like the `RedisTaskStore` that
/// the MCP Python SDK's task helpers name.
///
/// Expired tasks are never shown. Their room comes back by and by as tasks are created, or sooner while
/// ``TaskEngine/run(report:)`` runs somewhere.
public typealias RedisTaskStore = TaskEngine<RedisStorage, SystemTaskClock>

extension TaskEngine where Storage == RedisStorage, Clock == SystemTaskClock {
    /// Connects to the Redis at `redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE]`, or to a Redis Cluster of which one or
    /// more nodes are named: `redis://HOST[:PORT],HOST[:PORT]`.
    /// - Parameter replicaCount: How many replicas have to confirm each change; see
    ///   ``RedisStorage/init(_:limits:replicaCount:clock:logger:)``.
    /// - Throws: INVALID_ARGUMENT / INVALID_FIELD where that is no address; else as
    ///   ``RedisStorage/init(_:limits:replicaCount:clock:logger:)``.
    public init(
        url: String,
        limits: TaskLimits = TaskLimits(),
        replicaCount: Int = 0,
        logger: Logger = Logger(label: "taskwire.store")
    ) async throws {
        let storage = try await RedisStorage(
            try RedisAddress(url),
            limits: limits,
            replicaCount: replicaCount,
            logger: logger
        )
        self.init(storage: storage, clock: SystemTaskClock())
    }

    /// Waits for what is under way, and closes the connections. Calls made later fail with UNAVAILABLE.
    public func close() async throws {
        try await storage.close()
    }
}

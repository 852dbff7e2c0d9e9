/// What a server is.
public struct ServerInfo: Sendable, Hashable {
    /// Semantic version of the server.
    public var version: String
    /// The kind of its store: `memory`, `sqlite` or `redis`.
    public var storage: String
    /// Abilities that not every server has, such as `batch`.
    public var features: [String]
    /// What it enforces on the wire.
    public var limits: ServerLimits
    /// What its store enforces.
    public var taskLimits: TaskLimits

    /// A description of a server.
    public init(
        version: String,
        storage: String,
        features: [String],
        limits: ServerLimits,
        taskLimits: TaskLimits
    ) {
        self.version = version
        self.storage = storage
        self.features = features
        self.limits = limits
        self.taskLimits = taskLimits
    }
}

/// Counters of a server since its start.
public struct ServerStats: Sendable, Hashable {
    /// One method. Latencies are microseconds from a call's turn to its reply; calls that wait count their
    /// waiting.
    public struct Method: Sendable, Hashable {
        /// Full name, such as `taskwire.v1.TaskService/GetTask`.
        public var name: String
        /// Calls that were answered.
        public var calls: UInt64
        /// Those that were refused or failed.
        public var errors: UInt64
        /// Median latency, in microseconds.
        public var p50Microseconds: Int64
        /// 90th percentile, in microseconds.
        public var p90Microseconds: Int64
        /// 99th percentile, in microseconds.
        public var p99Microseconds: Int64
        /// 99.9th percentile, in microseconds.
        public var p999Microseconds: Int64
        /// Slowest call, in microseconds.
        public var maxMicroseconds: Int64

        /// Counters of a method that has not been called yet.
        public init(name: String) {
            self.name = name
            calls = 0
            errors = 0
            p50Microseconds = 0
            p90Microseconds = 0
            p99Microseconds = 0
            p999Microseconds = 0
            maxMicroseconds = 0
        }
    }

    /// Since the start, in milliseconds.
    public var uptimeMilliseconds: Int64 = 0
    /// Tasks that are stored, terminal ones included.
    public var tasks: UInt64 = 0
    /// Removed tasks that are still remembered.
    public var tombstones: UInt64 = 0
    /// Calls that wait right now.
    public var waits: UInt64 = 0
    /// Open connections.
    public var connections: UInt64 = 0
    /// Calls that were answered, batched ones each.
    public var calls: UInt64 = 0
    /// Those that were refused or failed.
    public var errors: UInt64 = 0
    /// The methods that have been called, in the order of the service descriptors.
    public var methods: [Method] = []

    /// Counters of a server that was just started.
    public init() {}
}

/// What a server enforces on the wire, beside ``TaskLimits``.
public struct ServerLimits: Sendable, Hashable {
    /// The limits of its store.
    public var tasks = TaskLimits()
    /// Bytes of one message. Default 4 MiB.
    public var maxMessageBytes: Int = 4 << 20
    /// Bytes of memory that decoding one message may take. Default 16 MiB.
    public var maxDecodeBytes: Int = 16 << 20
    /// Calls per second of one owner; 0: unlimited, the default.
    public var maxCallsPerSecondPerOwner: Int = 0
    /// Calls that are carried out at a time, those that wait not counted. Default 4096.
    public var maxCallsInProgress: Int = 4096
    /// Bytes of requests and replies that are kept at a time. Default 256 MiB.
    public var maxBytesInProgress: Int = 256 << 20
    /// Connections at a time. Default 16 384.
    public var maxConnections: Int = 16_384
    /// Calls of one connection that are carried out at a time, those that wait included. More requests stay with the client
    /// until there is room. Default 20 480.
    public var maxCallsPerConnection: Int = 20_480
    /// Bytes of replies that a connection may leave unread before no more of its requests are taken. Default 1 MiB.
    public var maxUnreadBytesPerConnection: Int = 1 << 20
    /// Bytes of the largest message above ``maxMessageBytes`` that is answered TOO_LARGE and leaves the connection open. A
    /// larger one is answered, and ends it. Default 32 MiB.
    public var maxSkippedBytes: Int = 32 << 20
    /// From the connection to the greeting of nng, a TLS handshake included, in milliseconds. Default 10 s.
    public var greetingTimeoutMilliseconds: Int64 = 10_000
    /// Between two bytes of one message, in milliseconds. Default 30 s.
    public var messageTimeoutMilliseconds: Int64 = 30_000
    /// Until a client has read some of the replies that wait for it, in milliseconds. Default 10 s.
    public var sendTimeoutMilliseconds: Int64 = 10_000
    /// Calls in one batch. Default 256.
    public var maxBatchCalls: Int = 256
    /// Bytes of one batch. Default 1 MiB.
    public var maxBatchBytes: Int = 1 << 20
    /// What a call may take that does not say, in milliseconds. Default 30 s.
    public var defaultTimeoutMilliseconds: Int64 = 30_000

    /// The defaults.
    public init() {}
}

/// What a server is.
public struct ServerInfo: Sendable, Hashable {
    /// Semantic version of the server.
    public var version: String
    /// The kind of its store: `memory`, `sqlite` or `redis`.
    public var storage: String
    /// Abilities that not every server has, such as `batch`.
    public var features: [String]
    /// What it enforces.
    public var limits: ServerLimits

    /// A description of a server.
    public init(version: String, storage: String, features: [String], limits: ServerLimits) {
        self.version = version
        self.storage = storage
        self.features = features
        self.limits = limits
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

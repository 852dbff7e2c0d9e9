internal import ArgumentParser
internal import Taskwire

/// The limits of a server: one option, one variable and one key each.
struct LimitOptions: ParsableArguments {
    /// One limit in the command line, the configuration and the server.
    struct Limit<Flag, Value: Comparable> {
        /// Its name in the configuration.
        let key: String
        /// Its option.
        let flag: KeyPath<LimitOptions, Flag?>
        /// Its place in the server.
        let limit: WritableKeyPath<ServerLimits, Value>
        /// What makes sense.
        let range: ClosedRange<Value>
    }

    /// Bytes of a message that a client and a server may be set to.
    static let messageBytes = 65_536...(1 << 30)
    /// The most of anything that is counted: the largest number of the wire.
    private static let largestCount = Int(Int32.max)

    /// Limits that count.
    static var counts: [Limit<Int, Int>] {
        let bytes = 1...messageBytes.upperBound
        let count = 1...largestCount
        return [
            .init(
                key: "maxMessageBytes",
                flag: \.maxMessageBytes,
                limit: \.maxMessageBytes,
                range: messageBytes
            ),
            .init(
                key: "maxDecodeBytes",
                flag: \.maxDecodeBytes,
                limit: \.maxDecodeBytes,
                range: messageBytes
            ),
            .init(key: "maxBatchBytes", flag: \.maxBatchBytes, limit: \.maxBatchBytes, range: bytes),
            .init(key: "maxBatchCalls", flag: \.maxBatchCalls, limit: \.maxBatchCalls, range: count),
            .init(
                key: "maxTasksPerOwner",
                flag: \.maxTasksPerOwner,
                limit: \.tasks.maxTasksPerOwner,
                range: count
            ),
            .init(
                key: "maxMessagesPerTask",
                flag: \.maxMessagesPerTask,
                limit: \.tasks.maxMessagesPerTask,
                range: count
            ),
            .init(
                key: "maxInputRequestsPerTask",
                flag: \.maxInputRequestsPerTask,
                limit: \.tasks.maxInputRequestsPerTask,
                range: count
            ),
            .init(
                key: "maxInteractionBytes",
                flag: \.maxInteractionBytes,
                limit: \.tasks.maxInteractionBytes,
                range: bytes
            ),
            .init(
                key: "maxCallsPerSecondPerOwner",
                flag: \.maxCallsPerSecondPerOwner,
                limit: \.maxCallsPerSecondPerOwner,
                range: 0...largestCount
            ),
            .init(
                key: "maxCallsInProgress",
                flag: \.maxCallsInProgress,
                limit: \.maxCallsInProgress,
                range: count
            ),
            .init(
                key: "maxBytesInProgress",
                flag: \.maxBytesInProgress,
                limit: \.maxBytesInProgress,
                range: 1...Int(UInt32.max)
            ),
            .init(key: "maxConnections", flag: \.maxConnections, limit: \.maxConnections, range: count),
            .init(
                key: "maxCallsPerConnection",
                flag: \.maxCallsPerConnection,
                limit: \.maxCallsPerConnection,
                range: count
            ),
            .init(
                key: "maxUnreadBytesPerConnection",
                flag: \.maxUnreadBytesPerConnection,
                limit: \.maxUnreadBytesPerConnection,
                range: bytes
            ),
            .init(key: "maxSkippedBytes", flag: \.maxSkippedBytes, limit: \.maxSkippedBytes, range: bytes),
            .init(key: "maxWaits", flag: \.maxWaits, limit: \.tasks.maxWaits, range: count),
            .init(key: "maxPageSize", flag: \.maxPageSize, limit: \.tasks.maxPageSize, range: count),
            .init(
                key: "maxTombstones",
                flag: \.maxTombstones,
                limit: \.tasks.maxTombstones,
                range: 0...largestCount
            ),
        ]
    }

    /// Limits that are durations, in milliseconds.
    static var durations: [Limit<DurationArgument, Int64>] {
        [
            .init(key: "maxTtl", flag: \.maxTtl, limit: \.tasks.maxTTLMilliseconds, range: 1...Int64.max),
            .init(key: "maxWait", flag: \.maxWait, limit: \.tasks.maxWaitMilliseconds, range: 1...Int64.max),
            .init(
                key: "defaultTimeout",
                flag: \.defaultTimeout,
                limit: \.defaultTimeoutMilliseconds,
                range: 1...Int64.max
            ),
            .init(
                key: "greetingTimeout",
                flag: \.greetingTimeout,
                limit: \.greetingTimeoutMilliseconds,
                range: 1...Int64.max
            ),
            .init(
                key: "messageTimeout",
                flag: \.messageTimeout,
                limit: \.messageTimeoutMilliseconds,
                range: 1...Int64.max
            ),
            .init(
                key: "sendTimeout",
                flag: \.sendTimeout,
                limit: \.sendTimeoutMilliseconds,
                range: 1...Int64.max
            ),
            .init(
                key: "tombstoneWindow",
                flag: \.tombstoneWindow,
                limit: \.tasks.tombstoneMilliseconds,
                range: 0...Int64.max
            ),
        ]
    }

    @Option(help: "Bytes of one message. (default: 4194304)")
    var maxMessageBytes: Int?

    @Option(help: "Bytes of memory that decoding one message may take. (default: 16777216)")
    var maxDecodeBytes: Int?

    @Option(help: "Bytes of one batch. (default: 1048576)")
    var maxBatchBytes: Int?

    @Option(help: "Calls in one batch. (default: 256)")
    var maxBatchCalls: Int?

    @Option(help: "Tasks that one owner may have. (default: 1000000)")
    var maxTasksPerOwner: Int?

    @Option(help: "Messages that may be queued in one task. (default: 256)")
    var maxMessagesPerTask: Int?

    @Option(help: "Questions that may be open in one task. (default: 64)")
    var maxInputRequestsPerTask: Int?

    @Option(
        help: """
            Bytes of all messages, questions and answers of one task; lowered to half of --max-message-bytes, so that \
            they fit into one reply. (default: 2097152)
            """
    )
    var maxInteractionBytes: Int?

    @Option(help: "Calls per second that one owner may make; 0 for as many as come. (default: 0)")
    var maxCallsPerSecondPerOwner: Int?

    @Option(
        help: """
            Calls that are carried out at a time, waits not counted. One owner may have as many as are left for others. \
            (default: 4096)
            """
    )
    var maxCallsInProgress: Int?

    @Option(
        help: """
            Bytes of requests and replies that are kept at a time. One connection may have as many as are left for \
            others. (default: 268435456)
            """
    )
    var maxBytesInProgress: Int?

    @Option(help: "Connections at a time; lowered to what the system allows. (default: 16384)")
    var maxConnections: Int?

    @Option(
        help: """
            Calls of one connection that are carried out at a time, waits included; more requests stay with the client. \
            (default: 20480)
            """
    )
    var maxCallsPerConnection: Int?

    @Option(
        help: """
            Bytes of replies that a connection may leave unread before no more of its requests are taken. \
            (default: 1048576)
            """
    )
    var maxUnreadBytesPerConnection: Int?

    @Option(
        help: """
            Bytes of the largest message above --max-message-bytes that is answered TOO_LARGE and leaves the connection \
            open; a larger one ends it. (default: 33554432)
            """
    )
    var maxSkippedBytes: Int?

    @Option(help: "Calls that may wait at once. (default: 16384)")
    var maxWaits: Int?

    @Option(help: "Tasks on one page of a listing. (default: 1000)")
    var maxPageSize: Int?

    @Option(help: "Removed tasks that are remembered. (default: 100000)")
    var maxTombstones: Int?

    @Option(
        help: "Longest time to live; longer ones are lowered to it. (default: 30d)",
        transform: DurationArgument.init
    )
    var maxTtl: DurationArgument?

    @Option(help: "Longest wait of one call. (default: 30s)", transform: DurationArgument.init)
    var maxWait: DurationArgument?

    @Option(help: "What a call may take that does not say. (default: 30s)", transform: DurationArgument.init)
    var defaultTimeout: DurationArgument?

    @Option(
        help: "How long a client may take to greet, a TLS handshake included. (default: 10s)",
        transform: DurationArgument.init
    )
    var greetingTimeout: DurationArgument?

    @Option(
        help: "How long a client may pause between two bytes of a message. (default: 30s)",
        transform: DurationArgument.init
    )
    var messageTimeout: DurationArgument?

    @Option(
        help: "How long a client may read nothing while replies wait for it. (default: 10s)",
        transform: DurationArgument.init
    )
    var sendTimeout: DurationArgument?

    @Option(help: "How long a removed task is remembered. (default: 10m)", transform: DurationArgument.init)
    var tombstoneWindow: DurationArgument?
}

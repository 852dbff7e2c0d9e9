internal import ArgumentParser
internal import Taskwire

/// The limits of a server: one option, one variable and one key each.
struct LimitOptions: ParsableArguments {
    /// One limit in the command line, the configuration and the server.
    struct Limit<Flag, Value> {
        /// Its name in the configuration.
        let key: String
        /// Its option.
        let flag: KeyPath<LimitOptions, Flag?>
        /// Its place in the server.
        let limit: WritableKeyPath<ServerLimits, Value>
        /// The least that makes sense.
        var minimum: Value
    }

    /// Limits that count.
    static var counts: [Limit<Int, Int>] {
        [
            .init(key: "maxMessageBytes", flag: \.maxMessageBytes, limit: \.maxMessageBytes, minimum: 1024),
            .init(key: "maxDecodeBytes", flag: \.maxDecodeBytes, limit: \.maxDecodeBytes, minimum: 1024),
            .init(key: "maxBatchBytes", flag: \.maxBatchBytes, limit: \.maxBatchBytes, minimum: 1),
            .init(key: "maxBatchCalls", flag: \.maxBatchCalls, limit: \.maxBatchCalls, minimum: 1),
            .init(
                key: "maxCallsPerSecondPerOwner",
                flag: \.maxCallsPerSecondPerOwner,
                limit: \.maxCallsPerSecondPerOwner,
                minimum: 0
            ),
            .init(
                key: "maxTasksPerOwner",
                flag: \.maxTasksPerOwner,
                limit: \.tasks.maxTasksPerOwner,
                minimum: 1
            ),
            .init(
                key: "maxMessagesPerTask",
                flag: \.maxMessagesPerTask,
                limit: \.tasks.maxMessagesPerTask,
                minimum: 1
            ),
            .init(
                key: "maxInputRequestsPerTask",
                flag: \.maxInputRequestsPerTask,
                limit: \.tasks.maxInputRequestsPerTask,
                minimum: 1
            ),
            .init(key: "maxWaits", flag: \.maxWaits, limit: \.tasks.maxWaits, minimum: 1),
            .init(key: "maxPageSize", flag: \.maxPageSize, limit: \.tasks.maxPageSize, minimum: 1),
            .init(key: "maxTombstones", flag: \.maxTombstones, limit: \.tasks.maxTombstones, minimum: 0),
        ]
    }

    /// Limits that are durations, in milliseconds.
    static var durations: [Limit<DurationArgument, Int64>] {
        [
            .init(key: "maxTtl", flag: \.maxTtl, limit: \.tasks.maxTTLMilliseconds, minimum: 1),
            .init(key: "maxWait", flag: \.maxWait, limit: \.tasks.maxWaitMilliseconds, minimum: 1),
            .init(
                key: "defaultTimeout",
                flag: \.defaultTimeout,
                limit: \.defaultTimeoutMilliseconds,
                minimum: 1
            ),
            .init(
                key: "tombstoneWindow",
                flag: \.tombstoneWindow,
                limit: \.tasks.tombstoneMilliseconds,
                minimum: 0
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

    @Option(help: "Calls per second of one owner; 0 means any number. (default: 0)")
    var maxCallsPerSecondPerOwner: Int?

    @Option(help: "Tasks that one owner may have. (default: 1000000)")
    var maxTasksPerOwner: Int?

    @Option(help: "Messages that may be queued for one task. (default: 256)")
    var maxMessagesPerTask: Int?

    @Option(help: "Input requests that may be open in one task. (default: 64)")
    var maxInputRequestsPerTask: Int?

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

    @Option(help: "How long a removed task is remembered. (default: 10m)", transform: DurationArgument.init)
    var tombstoneWindow: DurationArgument?
}

internal import ArgumentParser
internal import Taskwire

/// The limits of a server: one option, one variable and one key each.
struct LimitOptions: ParsableArguments {
    /// The limits that the options set, and those that a server tells.
    struct Values {
        var wire = ServerLimits()
        var tasks = TaskLimits()
    }

    /// One limit in the command line, the configuration and the server.
    struct Limit<Flag, Value: Comparable & CustomStringConvertible> {
        /// Its name in the configuration.
        let key: String
        /// Its name on the wire.
        let name: String
        /// Its option.
        let flag: KeyPath<LimitOptions, Flag?>
        /// Its place in the server.
        let limit: WritableKeyPath<Values, Value>
        /// What makes sense.
        let range: ClosedRange<Value>
    }

    /// Limits that count.
    static var counts: [Limit<Int, Int>] {
        limits(
            [
                ("maxMessageBytes", "max_message_bytes", \.maxMessageBytes),
                ("maxDecodeBytes", "max_decode_bytes", \.maxDecodeBytes),
                ("maxBatchBytes", "max_batch_bytes", \.maxBatchBytes),
                ("maxBatchCalls", "max_batch_calls", \.maxBatchCalls),
                ("maxTasksPerOwner", "max_tasks_per_owner", \.maxTasksPerOwner),
                ("maxMessagesPerTask", "max_messages_per_task", \.maxMessagesPerTask),
                ("maxInputRequestsPerTask", "max_input_requests_per_task", \.maxInputRequestsPerTask),
                ("maxInteractionBytes", "max_interaction_bytes", \.maxInteractionBytes),
                ("maxCallsPerSecondPerOwner", "max_calls_per_second_per_owner", \.maxCallsPerSecondPerOwner),
                ("maxCallsInProgress", "max_calls_in_progress", \.maxCallsInProgress),
                ("maxBytesInProgress", "max_bytes_in_progress", \.maxBytesInProgress),
                ("maxConnections", "max_connections", \.maxConnections),
                ("maxCallsPerConnection", "max_calls_per_connection", \.maxCallsPerConnection),
                (
                    "maxUnreadBytesPerConnection", "max_unread_bytes_per_connection",
                    \.maxUnreadBytesPerConnection
                ),
                ("maxSkippedBytes", "max_skipped_bytes", \.maxSkippedBytes),
                ("maxWaits", "max_waits", \.maxWaits),
                ("maxPageSize", "max_page_size", \.maxPageSize),
                ("maxTombstones", "max_tombstones", \.maxTombstones),
            ],
            ServerLimits.counts,
            TaskLimits.counts
        )
    }

    /// Limits that are durations, in milliseconds.
    static var durations: [Limit<DurationArgument, Int64>] {
        limits(
            [
                ("maxTtl", "max_ttl_ms", \.maxTtl),
                ("maxWait", "max_wait_ms", \.maxWait),
                ("defaultTimeout", "default_timeout_ms", \.defaultTimeout),
                ("greetingTimeout", "greeting_timeout_ms", \.greetingTimeout),
                ("messageTimeout", "message_timeout_ms", \.messageTimeout),
                ("sendTimeout", "send_timeout_ms", \.sendTimeout),
                ("tombstoneWindow", "tombstone_ms", \.tombstoneWindow),
                ("deduplicationWindow", "deduplication_ms", \.deduplicationWindow),
            ],
            ServerLimits.durations,
            TaskLimits.durations
        )
    }

    /// The limits that have the names, with the ranges that the libraries give them.
    private static func limits<Flag, Value>(
        _ names: [(key: String, name: String, flag: KeyPath<LimitOptions, Flag?>)],
        _ wire: [LimitRule<ServerLimits, Value>],
        _ tasks: [LimitRule<TaskLimits, Value>]
    ) -> [Limit<Flag, Value>] {
        let (wirePath, tasksPath) = (\Values.wire as WritableKeyPath, \Values.tasks as WritableKeyPath)
        let rules =
            wire.map { ($0.name, wirePath.appending(path: $0.limit), $0.range) }
            + tasks.map { ($0.name, tasksPath.appending(path: $0.limit), $0.range) }
        return names.compactMap { key, name, flag in
            rules.first { $0.0 == name }.map { _, limit, range in
                Limit(key: key, name: name, flag: flag, limit: limit, range: range)
            }
        }
    }

    /// What people call the limits: the key of the one that has the name on the wire.
    static func key(named name: String) -> String {
        counts.first { $0.name == name }?.key ?? name
    }

    private static let wire = ServerLimits()
    private static let tasks = TaskLimits()

    private static func text(_ milliseconds: Int64) -> String {
        DurationText(milliseconds: milliseconds).description
    }

    @Option(help: "Bytes of one message. (default: \(Self.wire.maxMessageBytes))")
    var maxMessageBytes: Int?

    @Option(
        help: "Bytes of memory that decoding one message may take. (default: \(Self.wire.maxDecodeBytes))"
    )
    var maxDecodeBytes: Int?

    @Option(help: "Bytes of one batch. (default: \(Self.wire.maxBatchBytes))")
    var maxBatchBytes: Int?

    @Option(help: "Calls in one batch. (default: \(Self.wire.maxBatchCalls))")
    var maxBatchCalls: Int?

    @Option(help: "Tasks that one owner may have. (default: \(Self.tasks.maxTasksPerOwner))")
    var maxTasksPerOwner: Int?

    @Option(help: "Messages that may be queued in one task. (default: \(Self.tasks.maxMessagesPerTask))")
    var maxMessagesPerTask: Int?

    @Option(help: "Questions that may be open in one task. (default: \(Self.tasks.maxInputRequestsPerTask))")
    var maxInputRequestsPerTask: Int?

    @Option(
        help: """
            Bytes of all messages, questions and answers of one task; lowered to half of --max-message-bytes, so that \
            they fit into one reply. (default: \(Self.tasks.maxInteractionBytes))
            """
    )
    var maxInteractionBytes: Int?

    @Option(
        help:
            "Calls per second that one owner may make; 0 for as many as come. (default: \(Self.wire.maxCallsPerSecondPerOwner))"
    )
    var maxCallsPerSecondPerOwner: Int?

    @Option(
        help: """
            Calls that are carried out at a time, waits not counted. One owner may have as many as are left for others. \
            (default: \(Self.wire.maxCallsInProgress))
            """
    )
    var maxCallsInProgress: Int?

    @Option(
        help: """
            Bytes of requests and replies that are kept at a time. One connection may have as many as are left for \
            others. (default: \(Self.wire.maxBytesInProgress))
            """
    )
    var maxBytesInProgress: Int?

    @Option(
        help:
            "Connections at a time; lowered to what the system allows. (default: \(Self.wire.maxConnections))"
    )
    var maxConnections: Int?

    @Option(
        help: """
            Calls of one connection that are carried out at a time, waits included; more requests stay with the client. \
            (default: \(Self.wire.maxCallsPerConnection))
            """
    )
    var maxCallsPerConnection: Int?

    @Option(
        help: """
            Bytes of replies that a connection may leave unread before no more of its requests are taken. \
            (default: \(Self.wire.maxUnreadBytesPerConnection))
            """
    )
    var maxUnreadBytesPerConnection: Int?

    @Option(
        help: """
            Bytes of the largest message above --max-message-bytes that is answered TOO_LARGE and leaves the connection \
            open; a larger one ends it. (default: \(Self.wire.maxSkippedBytes))
            """
    )
    var maxSkippedBytes: Int?

    @Option(help: "Calls that may wait at once. (default: \(Self.tasks.maxWaits))")
    var maxWaits: Int?

    @Option(help: "Tasks on one page of a listing. (default: \(Self.tasks.maxPageSize))")
    var maxPageSize: Int?

    @Option(help: "Removed tasks that are remembered. (default: \(Self.tasks.maxTombstones))")
    var maxTombstones: Int?

    @Option(
        help:
            "Longest time to live; longer ones are lowered to it. (default: \(Self.text(Self.tasks.maxTTLMilliseconds)))",
        transform: DurationArgument.init
    )
    var maxTtl: DurationArgument?

    @Option(
        help: "Longest wait of one call. (default: \(Self.text(Self.tasks.maxWaitMilliseconds)))",
        transform: DurationArgument.init
    )
    var maxWait: DurationArgument?

    @Option(
        help:
            "What a call may take that does not say. (default: \(Self.text(Self.wire.defaultTimeoutMilliseconds)))",
        transform: DurationArgument.init
    )
    var defaultTimeout: DurationArgument?

    @Option(
        help:
            "How long a client may take to greet, a TLS handshake included. (default: \(Self.text(Self.wire.greetingTimeoutMilliseconds)))",
        transform: DurationArgument.init
    )
    var greetingTimeout: DurationArgument?

    @Option(
        help:
            "How long a client may pause between two bytes of a message. (default: \(Self.text(Self.wire.messageTimeoutMilliseconds)))",
        transform: DurationArgument.init
    )
    var messageTimeout: DurationArgument?

    @Option(
        help:
            "How long a client may read nothing while replies wait for it. (default: \(Self.text(Self.wire.sendTimeoutMilliseconds)))",
        transform: DurationArgument.init
    )
    var sendTimeout: DurationArgument?

    @Option(
        help:
            "How long a removed task is remembered. (default: \(Self.text(Self.tasks.tombstoneMilliseconds)))",
        transform: DurationArgument.init
    )
    var tombstoneWindow: DurationArgument?

    @Option(
        help:
            "How long a mutation is remembered, so that a repeat has no second effect: 1s to 1h, the longest timeout of a client. (default: \(Self.text(Self.tasks.deduplicationMilliseconds)))",
        transform: DurationArgument.init
    )
    var deduplicationWindow: DurationArgument?
}

/// What a server enforces on the wire. What it enforces of tasks are the ``TaskLimits`` of its store.
public struct ServerLimits: Sendable, Hashable {
    /// Bytes of one message, from 64 KiB to 1 GiB. Default 4 MiB.
    public var maxMessageBytes: Int = 4 << 20
    /// Bytes of memory that decoding one message may take, at least ``maxMessageBytes``. Default 16 MiB.
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

    /// Bytes of a payload and its content type: 4096 less than of a message, so that a reply has room for it beside what is
    /// never left out of its task.
    package var maxPayloadBytes: Int { maxMessageBytes - 4096 }
}

extension ServerLimits {
    /// The limits that count.
    package static var counts: [LimitRule<ServerLimits, Int>] {
        let bytes = 1...messageBytes.upperBound
        let count = 1...largestCount
        return [
            .init("max_message_bytes", \.maxMessageBytes, messageBytes),
            .init("max_decode_bytes", \.maxDecodeBytes, messageBytes),
            .init("max_batch_bytes", \.maxBatchBytes, bytes),
            .init("max_batch_calls", \.maxBatchCalls, count),
            .init("max_calls_per_second_per_owner", \.maxCallsPerSecondPerOwner, 0...largestCount),
            .init("max_calls_in_progress", \.maxCallsInProgress, count),
            .init("max_bytes_in_progress", \.maxBytesInProgress, 1...Int(UInt32.max)),
            .init("max_connections", \.maxConnections, count),
            .init("max_calls_per_connection", \.maxCallsPerConnection, count),
            .init("max_unread_bytes_per_connection", \.maxUnreadBytesPerConnection, bytes),
            .init("max_skipped_bytes", \.maxSkippedBytes, bytes),
        ]
    }

    /// The limits that are durations, in milliseconds.
    package static var durations: [LimitRule<ServerLimits, Int64>] {
        let duration = 1...longestMilliseconds
        return [
            .init("default_timeout_ms", \.defaultTimeoutMilliseconds, duration),
            .init("greeting_timeout_ms", \.greetingTimeoutMilliseconds, duration),
            .init("message_timeout_ms", \.messageTimeoutMilliseconds, duration),
            .init("send_timeout_ms", \.sendTimeoutMilliseconds, duration),
        ]
    }

    /// Bytes of a message that a client and a server may be set to. Every server takes the least of them.
    package static let messageBytes = 65_536...1 << 30
    /// The most of anything that is counted.
    package static let largestCount = Int(Int32.max)
    /// A hundred years: the longest duration that deadlines are computed with.
    package static let longestMilliseconds: Int64 = 36_525 * 86_400_000

    /// Checks each limit, and those that depend on each other.
    /// - Parameter tasks: The limits of the store that is served.
    /// - Throws: INVALID_ARGUMENT / INVALID_FIELD, with the limit's name on the wire.
    public func validate(with tasks: TaskLimits) throws {
        for rule in Self.counts { try rule.check(self) }
        for rule in Self.durations { try rule.check(self) }
        try tasks.validate()
        if let conflict = conflict(with: tasks) {
            throw TaskwireError.invalidField(conflict.limit, conflict.problem { $0 })
        }
    }

    /// The first limit that makes no sense beside another one.
    package func conflict(with tasks: TaskLimits) -> LimitConflict? {
        let message = (name: "max_message_bytes", value: maxMessageBytes)
        if maxDecodeBytes < maxMessageBytes {
            // Decoding a message takes at least as much memory as the message has bytes.
            return LimitConflict(
                limit: "max_decode_bytes",
                value: maxDecodeBytes,
                relation: "below",
                other: message
            )
        }
        if tasks.maxInteractionBytes > maxInteractionBytes {
            return LimitConflict(
                limit: "max_interaction_bytes",
                value: tasks.maxInteractionBytes,
                relation: "above half of",
                other: message
            )
        }
        return nil
    }

    /// The most that ``TaskLimits/maxInteractionBytes`` may be: what a task has in its queue leaves in one reply when
    /// somebody takes all of it.
    package var maxInteractionBytes: Int { maxMessageBytes / 2 }
}

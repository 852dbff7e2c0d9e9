/// How much a store takes, whoever calls it.
public struct TaskLimits: Sendable, Hashable {
    /// Longest time to live in milliseconds; longer ones are lowered to it. Default 30 days.
    public var maxTTLMilliseconds: Int64 = 30 * 24 * 60 * 60 * 1000
    /// Tasks that one owner may have. Default 1 000 000.
    public var maxTasksPerOwner: Int = 1_000_000
    /// Messages that may be queued for one task. Default 256.
    public var maxMessagesPerTask: Int = 256
    /// Input requests that may be open in one task. Default 64.
    public var maxInputRequestsPerTask: Int = 64
    /// Bytes that a task keeps of its messages, questions and answers together. Default 2 MiB. A server refuses a store
    /// whose tasks may keep more than half of ``ServerLimits/maxMessageBytes``, so that all of them fit in one reply.
    public var maxInteractionBytes: Int = 2 << 20
    /// Longest wait of one call in milliseconds. Default 30 s.
    public var maxWaitMilliseconds: Int64 = 30_000
    /// Calls that may wait at once. Default 16 384.
    public var maxWaits: Int = 16_384
    /// Tasks on one page, at least 1. Default 1000.
    public var maxPageSize: Int = 1000
    /// How long a removed task is remembered, in milliseconds. Default 10 min.
    public var tombstoneMilliseconds: Int64 = 10 * 60 * 1000
    /// How many removed tasks are remembered, the oldest forgotten first. Default 100 000.
    public var maxTombstones: Int = 100_000

    /// For how long a task remembers a mutation at least, so that a repeat has no second effect, in milliseconds: the longest
    /// time for which a client may repeat one. 1 s to 1 h; default 60 s. The last 32 mutations of a task are remembered
    /// however old they are.
    public var deduplicationMilliseconds: Int64 = 60_000

    /// Bytes of a status message, an immediate response and the message of an error: 16 KiB.
    public static let maxTextBytes = 16 << 10

    /// Input requests that a task may make in its life, answered ones included: their keys are kept for ever. 1024.
    public static let maxInputRequestsInLife = 1024
    /// How long a lease may last, in milliseconds: 1 s to 10 min.
    public static let leaseMilliseconds: ClosedRange<Int64> = 1000...600_000

    /// The defaults.
    public init() {}
}

extension TaskLimits {
    /// The limits that count.
    package static var counts: [LimitRule<TaskLimits, Int>] {
        let count = 1...ServerLimits.largestCount
        return [
            .init("max_tasks_per_owner", \.maxTasksPerOwner, count),
            .init("max_messages_per_task", \.maxMessagesPerTask, count),
            .init("max_input_requests_per_task", \.maxInputRequestsPerTask, count),
            .init("max_interaction_bytes", \.maxInteractionBytes, 1...ServerLimits.messageBytes.upperBound),
            .init("max_waits", \.maxWaits, count),
            .init("max_page_size", \.maxPageSize, count),
            .init("max_tombstones", \.maxTombstones, 0...ServerLimits.largestCount),
        ]
    }

    /// The limits that are durations, in milliseconds.
    package static var durations: [LimitRule<TaskLimits, Int64>] {
        let longest = ServerLimits.longestMilliseconds
        return [
            .init("max_ttl_ms", \.maxTTLMilliseconds, 1...longest),
            .init("max_wait_ms", \.maxWaitMilliseconds, 1...longest),
            .init("tombstone_ms", \.tombstoneMilliseconds, 0...longest),
            .init("deduplication_ms", \.deduplicationMilliseconds, 1000...3_600_000),
        ]
    }

    /// Checks each limit.
    /// - Throws: INVALID_ARGUMENT / INVALID_FIELD, with the limit's name on the wire.
    public func validate() throws {
        for rule in Self.counts { try rule.check(self) }
        for rule in Self.durations { try rule.check(self) }
    }
}

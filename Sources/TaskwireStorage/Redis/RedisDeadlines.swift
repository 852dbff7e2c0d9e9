internal import Dispatch
internal import Synchronization

/// Ends calls whose time is over, wherever they wait: for a connection, for a reply, to be sent again.
final class RedisDeadlines: Sendable {
    private struct Entry {
        let end: ContinuousClock.Instant
        let finish: @Sendable (Result<RedisReply, RedisFailure>) -> Void
    }

    private struct State {
        var entries: [UInt64: Entry] = [:]
        var lastID: UInt64 = 0
        /// Whether there will be a look at the entries.
        var isLooking = false
    }

    /// How often it is looked for calls whose time is over, while there are calls.
    private static let interval = DispatchTimeInterval.milliseconds(50)

    private let state = Mutex(State())
    private let queue = DispatchQueue(label: "taskwire.redis.deadlines")

    /// Watches a call. What comes after its end is dropped.
    /// - Returns: What is to be told of the call instead of `finish`.
    func watch(
        until end: ContinuousClock.Instant,
        _ finish: @escaping @Sendable (Result<RedisReply, RedisFailure>) -> Void
    ) -> @Sendable (Result<RedisReply, RedisFailure>) -> Void {
        let (id, isFirst) = state.withLock { state in
            state.lastID += 1
            state.entries[state.lastID] = Entry(end: end, finish: finish)
            defer { state.isLooking = true }
            return (state.lastID, !state.isLooking)
        }
        if isFirst { lookLater() }
        return { [self] result in
            state.withLock { $0.entries.removeValue(forKey: id) }?.finish(result)
        }
    }

    private func lookLater() {
        queue.asyncAfter(deadline: .now() + Self.interval) { self.look() }
    }

    private func look() {
        let now = ContinuousClock.now
        let (late, isLooking) = state.withLock { state in
            let late = state.entries.filter { $0.value.end <= now }
            for id in late.keys { state.entries[id] = nil }
            state.isLooking = !state.entries.isEmpty
            return (late.values, state.isLooking)
        }
        if isLooking { lookLater() }
        // Nobody knows whether it was carried out, or will be.
        for entry in late { entry.finish(.failure(.broken("there was no answer in time"))) }
    }
}

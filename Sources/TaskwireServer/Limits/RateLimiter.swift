internal import Synchronization
internal import Taskwire

/// Lets each owner make so many calls a second, and as many at once after a second of silence.
///
/// A token bucket for each owner (ITU-T I.371: the generic cell rate algorithm is the same thing).
final class RateLimiter: Sendable {
    /// What an owner has left, in thousandths of a call.
    private struct Bucket {
        var level: Int64
        var filledAt: Timestamp
    }

    private static let call: Int64 = 1000
    /// Full buckets are as good as none; so many may lie about before they are looked for.
    private static let sweepCount = 4096

    private let callsPerSecond: Int64
    private let clock: any TaskClock
    private let buckets = Mutex<[String: Bucket]>([:])

    init(callsPerSecond: Int, clock: any TaskClock) {
        self.callsPerSecond = min(Int64(callsPerSecond), Int64(Int32.max))
        self.clock = clock
    }

    /// Counts a call of `owner`.
    /// - Throws: RESOURCE_EXHAUSTED / RATE_LIMITED, with the time until the next call may come.
    func admit(_ owner: String) throws(TaskwireError) {
        let now = clock.now
        let missing: Int64 = buckets.withLock { buckets in
            if buckets.count >= Self.sweepCount, buckets[owner] == nil {
                buckets = buckets.filter { level(of: $0.value, at: now) < capacity }
            }
            var bucket = buckets[owner] ?? Bucket(level: capacity, filledAt: now)
            bucket.level = level(of: bucket, at: now)
            bucket.filledAt = now
            let missing = Self.call - bucket.level
            if missing <= 0 { bucket.level -= Self.call }
            buckets[owner] = bucket
            return missing
        }
        guard missing > 0 else { return }
        throw TaskwireError(
            .resourceExhausted,
            .rateLimited,
            "More than \(callsPerSecond) calls per second, as many as an owner may make on this server",
            retryAfter: .milliseconds((missing + callsPerSecond - 1) / callsPerSecond)
        )
    }

    private var capacity: Int64 { callsPerSecond * Self.call }

    /// A thousandth of a call per second comes in each millisecond. A clock that is set back adds nothing.
    private func level(of bucket: Bucket, at now: Timestamp) -> Int64 {
        let elapsed = now.millisecondsSince1970 - bucket.filledAt.millisecondsSince1970
        guard elapsed > 0 else { return bucket.level }
        return elapsed >= 1000 ? capacity : min(capacity, bucket.level + elapsed * callsPerSecond)
    }
}

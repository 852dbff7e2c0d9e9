internal import Synchronization

/// The calls of this process that wait for a task to change.
///
/// A wake-up is a hint to look at the record again. A call registers before it looks, so a change between the
/// look and the sleep is not missed.
final class TaskWaiters: Sendable {
    /// Some of the calls, by their tasks. When very many are woken at once they should not have to queue for one lock.
    fileprivate final class Shard: Sendable {
        let waiters = Mutex<[TaskKey: [ObjectIdentifier: Waiter]]>([:])
        let alarms: AlarmClock

        init(clock: any TaskClock) {
            alarms = AlarmClock(clock: clock)
        }
    }

    private static let shardCount = 16

    private let shards: [Shard]
    private let waiting = Atomic(0)
    private let limit: Int

    init(limit: Int, clock: any TaskClock) {
        self.limit = limit
        shards = (0..<Self.shardCount).map { _ in Shard(clock: clock) }
    }

    /// How many calls wait right now.
    var count: Int { waiting.load(ordering: .sequentiallyConsistent) }

    /// Registers a call that every change of `key` wakes, whoever made it.
    /// - Throws: RESOURCE_EXHAUSTED / TOO_MANY_REQUESTS where as many calls wait as may.
    func register(for key: TaskKey, in storage: some TaskStorage) throws(TaskwireError) -> Registration {
        guard waiting.add(1, ordering: .sequentiallyConsistent).newValue <= limit else {
            waiting.subtract(1, ordering: .relaxed)
            throw TaskwireError(
                .resourceExhausted,
                .tooManyRequests,
                "\(limit) calls are waiting already, as many as this server allows",
                retryAfter: .seconds(1)
            )
        }
        let waiter = Waiter()
        let shard = shard(of: key)
        shard.waiters.withLock { $0[key, default: [:]][ObjectIdentifier(waiter)] = waiter }
        let watch = storage.watch(key) { waiter.wake() }
        return Registration(waiter, for: key, in: shard, of: self, watch: watch)
    }

    /// Wakes every call that waits for `key`.
    func wake(_ key: TaskKey) {
        guard count > 0 else { return }
        let waiters = shard(of: key).waiters.withLock { $0[key] }
        for waiter in (waiters ?? [:]).values { waiter.wake() }
    }

    private func shard(of key: TaskKey) -> Shard {
        shards[key.hashValue & (Self.shardCount - 1)]
    }

    /// A call that is woken until ``end()``, or until nobody has this any more.
    final class Registration: Sendable {
        private let waiter: Waiter
        private let key: TaskKey
        private let shard: Shard
        private let waiters: TaskWaiters
        /// Tells of changes by other processes.
        private let watch: (any TaskWatch)?
        private let hasEnded = Atomic(false)

        fileprivate init(
            _ waiter: Waiter,
            for key: TaskKey,
            in shard: Shard,
            of waiters: TaskWaiters,
            watch: (any TaskWatch)?
        ) {
            self.waiter = waiter
            self.key = key
            self.shard = shard
            self.waiters = waiters
            self.watch = watch
        }

        deinit {
            end()
        }

        /// The call does not wait any more. Harmless when repeated.
        func end() {
            guard !hasEnded.exchange(true, ordering: .relaxed) else { return }
            shard.waiters.withLock { waiters in
                waiters[key]?[ObjectIdentifier(waiter)] = nil
                if waiters[key]?.isEmpty == true { waiters[key] = nil }
            }
            waiters.waiting.subtract(1, ordering: .relaxed)
        }

        func wake() {
            waiter.wake()
        }

        /// Calls `resume` once: as soon as something is new, or at `moment`.
        func sleep(until moment: Timestamp, _ resume: @escaping @Sendable () -> Void) {
            let alarms = shard.alarms
            alarms.set(waiter, at: moment)
            waiter.sleep { [waiter] in
                alarms.unset(waiter, at: moment)
                resume()
            }
        }
    }
}

internal import Synchronization

/// The calls of this process that wait for a task to change.
///
/// A wake-up is a hint to look at the record again. A call registers before it looks, so a change between the
/// look and the sleep is not missed.
final class TaskWaiters: Sendable {
    private struct State {
        var waiters: [TaskKey: [ObjectIdentifier: Waiter]] = [:]
        var count = 0
    }

    private let state = Mutex(State())
    private let alarms: AlarmClock
    private let limit: Int

    init(limit: Int, clock: any TaskClock) {
        self.limit = limit
        alarms = AlarmClock(clock: clock)
    }

    /// How many calls wait right now.
    var count: Int { state.withLock { $0.count } }

    /// Registers a call that every change of `key` wakes, whoever made it.
    /// - Throws: RESOURCE_EXHAUSTED / TOO_MANY_REQUESTS where as many calls wait as may.
    func register(for key: TaskKey, in storage: some TaskStorage) throws(TaskwireError) -> Registration {
        let waiter = Waiter()
        let isAdmitted = state.withLock { state in
            guard state.count < limit else { return false }
            state.count += 1
            state.waiters[key, default: [:]][ObjectIdentifier(waiter)] = waiter
            return true
        }
        guard isAdmitted else {
            throw TaskwireError(
                .resourceExhausted,
                .tooManyRequests,
                "\(limit) calls are waiting already, as many as this server allows",
                retryAfter: .seconds(1)
            )
        }
        return Registration(waiter, for: key, in: self, watch: storage.watch(key) { waiter.wake() })
    }

    private func remove(_ waiter: Waiter, for key: TaskKey) {
        state.withLock { state in
            state.count -= 1
            state.waiters[key]?[ObjectIdentifier(waiter)] = nil
            if state.waiters[key]?.isEmpty == true { state.waiters[key] = nil }
        }
    }

    /// Wakes every call that waits for `key`.
    func wake(_ key: TaskKey) {
        let waiters = state.withLock { state in state.count == 0 ? nil : state.waiters[key] }
        for waiter in (waiters ?? [:]).values { waiter.wake() }
    }

    /// A call that is woken until ``end()``, or until nobody has this any more.
    final class Registration: Sendable {
        private let waiter: Waiter
        private let key: TaskKey
        private let waiters: TaskWaiters
        /// Tells of changes by other processes.
        private let watch: (any TaskWatch)?
        private let hasEnded = Atomic(false)

        fileprivate init(_ waiter: Waiter, for key: TaskKey, in waiters: TaskWaiters, watch: (any TaskWatch)?)
        {
            self.waiter = waiter
            self.key = key
            self.waiters = waiters
            self.watch = watch
        }

        deinit {
            end()
        }

        /// The call does not wait any more. Harmless when repeated.
        func end() {
            guard !hasEnded.exchange(true, ordering: .relaxed) else { return }
            waiters.remove(waiter, for: key)
        }

        func wake() {
            waiter.wake()
        }

        /// Calls `resume` once: as soon as something is new, or at `moment`.
        func sleep(until moment: Timestamp, _ resume: @escaping @Sendable () -> Void) {
            let alarms = waiters.alarms
            alarms.set(waiter, at: moment)
            waiter.sleep { [waiter] in
                alarms.unset(waiter, at: moment)
                resume()
            }
        }
    }
}

internal import Synchronization
internal import Taskwire

/// Whether Redis can be reached, and since when again.
final class RedisPresence: Sendable {
    private let clock: any TaskClock
    private let isAway = Atomic(false)
    private let lastReturn = Mutex<Timestamp?>(nil)

    init(clock: any TaskClock) { self.clock = clock }

    /// When it could last be reached again after it could not; `nil`: it always could.
    var returnedAt: Timestamp? { lastReturn.withLock(\.self) }

    /// Nobody could use Redis until now.
    func noteReturn() { lastReturn.withLock { $0 = clock.now } }

    /// A connection failed, or Redis says that it cannot serve now.
    func noteAbsence() { isAway.store(true, ordering: .relaxed) }

    /// Redis has carried something out.
    func notePresence() {
        guard isAway.load(ordering: .relaxed) else { return }
        lastReturn.withLock { lastReturn in
            guard isAway.exchange(false, ordering: .relaxed) else { return }
            lastReturn = clock.now
        }
    }
}

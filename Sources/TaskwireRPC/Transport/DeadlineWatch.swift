internal import Dispatch
internal import Synchronization

/// Somebody with deadlines that a ``DeadlineWatch`` watches.
package protocol DeadlineKeeper: AnyObject, Sendable {
    /// Ends what is overdue at `now`, and returns the earliest deadline of the rest.
    func endOverdue(at now: ContinuousClock.Instant) -> ContinuousClock.Instant?
}

/// Sees to it that deadlines are looked at when the earliest of them comes up.
///
/// Looking at all of them is cheap because it happens only when the earliest of those that were there at the
/// last look comes up, and it spares what ends in time nearly every cost.
package final class DeadlineWatch: Sendable {
    /// The earliest instant at which the deadlines will be looked at.
    private let nextLook = Mutex<ContinuousClock.Instant?>(nil)
    private let queue = DispatchQueue(label: "taskwire.deadlines")

    /// Deadlines are looked at no more often than this.
    private static let interval = Duration.milliseconds(10)

    /// A watch that has nothing to look at yet.
    package init() {}

    /// Sees to it that `keeper` looks at its deadlines no later than at `instant`, unless it is gone by then.
    package func ensureLook(at instant: ContinuousClock.Instant, for keeper: some DeadlineKeeper) {
        let isSooner = nextLook.withLock { planned in
            if let planned, planned <= instant { return false }
            planned = instant
            return true
        }
        if isSooner {
            schedule(instant, keeper)
        }
    }

    private func schedule(_ instant: ContinuousClock.Instant, _ keeper: some DeadlineKeeper) {
        let delay = min(max(ContinuousClock.now.duration(to: instant), .zero), .seconds(3600))
        queue.asyncAfter(deadline: .now() + delay.dispatchInterval) { [weak keeper] in
            if let keeper { self.isDue(instant, keeper) }
        }
    }

    private func isDue(_ instant: ContinuousClock.Instant, _ keeper: some DeadlineKeeper) {
        // A look that was planned for earlier has taken the place of this one.
        guard nextLook.withLock({ $0 == instant }) else { return }
        let now = ContinuousClock.now
        guard instant <= now else {
            schedule(instant, keeper)
            return
        }
        nextLook.withLock { $0 = nil }
        if let upcoming = keeper.endOverdue(at: now) {
            ensureLook(at: max(upcoming, now + Self.interval), for: keeper)
        }
    }
}

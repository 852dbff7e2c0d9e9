/// The state of a client's connection, and the time of its next attempt: a value without a socket or a clock of its own.
///
/// idle → dialing → connected → idle or waiting; dialing → waiting → dialing or idle.
package struct RequestLink {
    package enum Phase: Hashable {
        /// There is no connection, and nobody needs one.
        case idle
        /// An attempt is going on.
        case dialing
        /// The last attempt failed, or the connection was lost; another is planned.
        case waiting
        /// There is a connection, since that instant.
        case connected(ContinuousClock.Instant)
    }

    /// The pauses between rounds of attempts.
    package struct Backoff: Hashable {
        /// The first; it doubles each time.
        package var minimum: Duration
        /// The longest. A connection that lasted less than this counts as an attempt that failed.
        package var maximum: Duration

        /// Pauses from `minimum` to `maximum`.
        package init(minimum: Duration, maximum: Duration) {
            self.minimum = minimum
            self.maximum = maximum
        }
    }

    package private(set) var phase = Phase.idle
    private(set) var choice: EndpointChoice
    private let backoff: Backoff

    package init(endpoints: [Endpoint], backoff: Backoff) {
        choice = EndpointChoice(of: endpoints)
        self.backoff = backoff
    }

    /// Somebody needs a connection. Returns whether an attempt is to be made: idle → dialing.
    package mutating func demand() -> Bool {
        guard phase == .idle else { return false }
        phase = .dialing
        return true
    }

    /// It is time for an attempt. Returns where to: → dialing; nil when nobody needs it any more: → idle.
    package mutating func attempt(hasDemand: Bool) -> Endpoint? {
        phase = hasDemand ? .dialing : .idle
        return hasDemand ? choice.current : nil
    }

    /// dialing → connected.
    package mutating func succeed(at now: ContinuousClock.Instant) {
        phase = .connected(now)
        choice.succeed()
    }

    /// An attempt has failed: dialing → waiting or idle.
    /// - Returns: The pause before the next, nil when nobody needs one.
    package mutating func fail(_ failure: TransportError, hasDemand: Bool) -> Duration? {
        choice.fail(failure)
        phase = hasDemand ? .waiting : .idle
        guard hasDemand else { return nil }
        guard !choice.isWithinRound else { return .zero }
        let pause = min(backoff.minimum * (1 << (min(choice.failedRounds, 16) - 1)), backoff.maximum)
        // Clients that were turned away together do not come back together.
        return pause * Double.random(in: 0.5...1)
    }

    /// The connection was lost: connected → waiting or idle. One that lasted is replaced at once.
    /// - Returns: The pause before the next attempt, nil when nobody needs one.
    package mutating func lose(
        _ failure: TransportError,
        at now: ContinuousClock.Instant,
        hasDemand: Bool
    ) -> Duration? {
        guard case .connected(let since) = phase else { return nil }
        guard since.duration(to: now) >= backoff.maximum else { return fail(failure, hasDemand: hasDemand) }
        choice.lose(failure)
        phase = hasDemand ? .waiting : .idle
        return hasDemand ? .zero : nil
    }
}

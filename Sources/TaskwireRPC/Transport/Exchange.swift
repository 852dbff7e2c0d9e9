/// One request on its way, from the call of ``RequestSocket/exchange(_:deadline:)`` to its outcome.
///
/// created → queued → sent → finished, where `queued` is left out when there is a connection with room. Every phase may
/// go to `finished`, from which nothing leads away.
///
/// `@unchecked Sendable` is safe: what changes is used under the lock of the ``RequestEngine`` alone.
final class Exchange: @unchecked Sendable {
    /// Why an exchange ends before its reply.
    enum AbortReason: Sendable {
        case cancelled
        case timedOut
        case notConnected
        case closed
    }

    /// The end of an exchange.
    typealias Outcome = Result<Message, TransportError>

    enum Phase: Hashable, Sendable {
        /// Its caller has not got as far as to wait for it.
        case created
        /// It waits for a connection, or for room.
        case queued
        /// It was handed to the connection under that number.
        case sent(UInt32)
        /// The outcome is known.
        case finished
    }

    let message: Message
    /// When the caller gives up.
    let deadline: ContinuousClock.Instant?
    /// When the caller gives up if there is no connection.
    let connectDeadline: ContinuousClock.Instant?
    var phase = Phase.created
    /// Why it is to end as soon as its caller waits for it.
    var abortReason: AbortReason?
    /// Whom to tell.
    var continuation: CheckedContinuation<Outcome, Never>?

    init(message: Message, deadline: ContinuousClock.Instant?, connectDeadline: ContinuousClock.Instant?) {
        self.message = message
        self.deadline = deadline
        self.connectDeadline = connectDeadline
    }

    /// The earlier of the two deadlines.
    var firstDeadline: ContinuousClock.Instant? {
        guard let deadline, let connectDeadline else { return deadline ?? connectDeadline }
        return min(deadline, connectDeadline)
    }

    /// True while it waits for a connection, or for room.
    var isUnsent: Bool {
        switch phase {
        case .created, .queued: true
        case .sent, .finished: false
        }
    }

    var isFinished: Bool { phase == .finished }
}

internal import CNNG
internal import Synchronization

/// One request on its way, from the call of ``RequestSocket/exchange(_:deadline:)`` or
/// ``RequestSocket/begin(_:completion:)`` to its outcome.
final class Exchange: Sendable {
    /// Why an exchange ends before its reply.
    enum AbortReason: Sendable {
        case cancelled
        case timedOut
        case notConnected
        case closed
    }

    /// How an exchange ends.
    typealias Outcome = Result<Message, TransportError>

    /// Who is told the outcome.
    typealias Completion = @Sendable (Outcome) -> Void

    /// created → queued → sending → receiving → finished, where `queued` is left out when a slot is free.
    /// Every state may go to `finished`, from which nothing leads away.
    enum Phase: Sendable {
        /// Nothing has happened yet. An abort is only noted.
        case created
        /// Waits for a slot.
        case queued
        /// nng has the request; it waits for a connection that can take it.
        case sending(RequestSlot)
        /// The request was handed to a connection; the reply is awaited.
        case receiving(RequestSlot)
        /// The outcome is known, and the slot belongs to someone else.
        case finished
    }

    private struct State {
        var phase = Phase.created
        var abortReason: AbortReason?
        var completion: Completion?
    }

    /// The request; nng owns its bytes as soon as sending begins.
    let message: Message
    /// When the caller gives up.
    let deadline: ContinuousClock.Instant?
    /// When the caller gives up if there is no connection.
    let connectDeadline: ContinuousClock.Instant?

    private let state = Mutex(State())

    init(message: Message, deadline: ContinuousClock.Instant?, connectDeadline: ContinuousClock.Instant?) {
        self.message = message
        self.deadline = deadline
        self.connectDeadline = connectDeadline
    }

    var phase: Phase {
        state.withLock { $0.phase }
    }

    /// Whether its outcome is known.
    var isFinished: Bool {
        if case .finished = phase { true } else { false }
    }

    /// The earlier of the two deadlines.
    var firstDeadline: ContinuousClock.Instant? {
        guard let deadline, let connectDeadline else { return deadline ?? connectDeadline }
        return min(deadline, connectDeadline)
    }

    /// Whether it waits for a connection, or for a slot.
    var isUnsent: Bool {
        switch phase {
        case .created, .queued, .sending: true
        case .receiving, .finished: false
        }
    }

    /// created → queued. Returns the reason instead when the exchange has been aborted already.
    func queue(_ completion: @escaping Completion) -> AbortReason? {
        state.withLock { state in
            if let reason = state.abortReason {
                state.phase = .finished
                return reason
            }
            state.completion = completion
            state.phase = .queued
            return nil
        }
    }

    /// queued → sending. Returns false when the exchange has finished meanwhile.
    func beginSending(on slot: RequestSlot) -> Bool {
        state.withLock { state in
            guard case .queued = state.phase else { return false }
            state.phase = .sending(slot)
            return true
        }
    }

    /// sending → receiving.
    func beginReceiving(on slot: RequestSlot) {
        state.withLock { $0.phase = .receiving(slot) }
    }

    /// Looks, after an operation was started, whether it ought not to have been: nng forgets a cancellation
    /// that comes before the start.
    func cancelIfAborted() {
        state.withLock { state in
            if state.abortReason != nil {
                Self.cancelOperation(of: state.phase)
            }
        }
    }

    /// Asks for an early end. nng then calls back, unless the exchange holds no slot: in that case the caller
    /// of this function gets the completion, to call it.
    func abort(_ reason: AbortReason) -> Completion? {
        state.withLock { state in
            if case .finished = state.phase { return nil }
            if state.abortReason == nil {
                state.abortReason = reason
            }
            if case .queued = state.phase {
                state.phase = .finished
                return state.completion.take()
            }
            Self.cancelOperation(of: state.phase)
            return nil
        }
    }

    /// Ends the exchange and detaches it from its slot.
    func finish() -> (completion: Completion?, abortReason: AbortReason?) {
        state.withLock { state in
            state.phase = .finished
            return (state.completion.take(), state.abortReason)
        }
    }

    /// Called with the lock held, so that the slot cannot pass to another exchange meanwhile. nng never calls
    /// back from within `nng_aio_cancel`, so the lock is not taken twice.
    private static func cancelOperation(of phase: Phase) {
        switch phase {
        case .sending(let slot), .receiving(let slot): unsafe nng_aio_cancel(slot.operation)
        case .created, .queued, .finished: break
        }
    }
}

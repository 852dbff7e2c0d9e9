internal import Synchronization
internal import Taskwire
internal import TaskwireProtobuf
internal import TaskwireRPC

/// One call that may share an exchange, from the queue to its outcome.
final class SharedCall: Sendable {
    /// What became of it.
    enum Outcome: Sendable {
        /// The server's answer.
        case reply(RPCReply)
        /// Why there is none.
        case failure(TransportError)
        /// Sharing was of no use: it is to be sent by itself.
        case alone(mayHaveBeenSent: Bool)
    }

    /// created → queued → departed → finished. Every phase may go to `finished`.
    private enum Phase {
        /// Nothing has happened yet. An end is only noted.
        case created
        case queued(CheckedContinuation<Outcome, Never>)
        /// It is part of an exchange.
        case departed(CheckedContinuation<Outcome, Never>)
        case finished
    }

    /// When its caller gives up.
    let deadline: ContinuousClock.Instant
    /// When it came.
    let arrival: ContinuousClock.Instant
    /// What it takes in a message, rounded up.
    let byteCount: Int

    private let call: RPCCall
    private let phase = Mutex(Phase.created)

    init(_ call: RPCCall, deadline: ContinuousClock.Instant) {
        self.call = call
        self.deadline = deadline
        byteCount = call.maxByteCount
        arrival = .now
    }

    /// The call as it is sent at `now`.
    func departing(at now: ContinuousClock.Instant) -> RPCCall {
        var call = call
        // Whoever is late by then is told so by the client and need not be by the server.
        call.timeoutMilliseconds = max((deadline - now).millisecondsRoundedUp, 1)
        return call
    }

    /// Whether it has its outcome.
    var isFinished: Bool {
        phase.withLock { phase in
            if case .finished = phase { true } else { false }
        }
    }

    /// created → queued. Returns false when the caller has given up already.
    func queue(_ continuation: CheckedContinuation<Outcome, Never>) -> Bool {
        phase.withLock { phase in
            guard case .created = phase else { return false }
            phase = .queued(continuation)
            return true
        }
    }

    /// queued → departed. Returns false when it has finished meanwhile.
    func depart() -> Bool {
        phase.withLock { phase in
            guard case .queued(let continuation) = phase else { return false }
            phase = .departed(continuation)
            return true
        }
    }

    /// Hands the outcome to the caller, unless there is one already.
    func finish(_ outcome: Outcome) {
        end { _ in outcome }
    }

    /// Tells the caller at once why there is no answer, while the exchange goes on.
    func giveUp(_ failure: (_ mayHaveBeenSent: Bool) -> TransportError) {
        end { .failure(failure($0)) }
    }

    private func end(_ outcome: (_ hasDeparted: Bool) -> Outcome) {
        let last = phase.withLock { phase in
            defer { phase = .finished }
            return phase
        }
        switch last {
        case .created, .finished: break
        case .queued(let continuation): continuation.resume(returning: outcome(false))
        case .departed(let continuation): continuation.resume(returning: outcome(true))
        }
    }
}

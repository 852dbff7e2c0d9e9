internal import Taskwire
internal import TaskwireProtobuf
internal import TaskwireRPC

/// Sends a call until there is an answer, or until its deadline.
struct Exchanger {
    private static let firstPause = Duration.milliseconds(10)
    private static let longestPause = Duration.milliseconds(500)

    private static let busyReasons: Set<TaskwireError.Reason> = [.rateLimited, .tooManyRequests]
    private static let awayReasons: Set<TaskwireError.Reason> = [.stopping, .storeUnreachable]

    let socket: RequestSocket
    let arenas: ArenaPool
    private let maxMessageBytes: Int
    private let serverLimit: ServerMessageLimit

    init(socket: RequestSocket, arenas: ArenaPool, maxMessageBytes: Int, token: String) {
        self.socket = socket
        self.arenas = arenas
        self.maxMessageBytes = maxMessageBytes
        serverLimit = ServerMessageLimit(token: token)
    }

    /// Returns what the server answers.
    ///
    /// A call whose connection broke is sent again: a read does no harm, and a mutation has the same request id.
    func reply<Reply: WireDecodable>(
        to call: RPCCall,
        deadline: ContinuousClock.Instant,
        isRetriedWhenBusy: Bool = true
    ) async throws -> Reply {
        var isOutcomeUnknown = false
        var pause = Self.firstPause
        while true {
            try Task.checkCancellation()
            var failure: TaskwireError
            // What a busy server said.
            var retryAfter: Duration?
            do {
                return try decode(try await sendOnce(call, deadline), to: call)
            } catch let error as TransportError {
                if error.code == .cancelled { throw CancellationError() }
                if call.requestID != nil, error.mayHaveBeenSent { isOutcomeUnknown = true }
                failure = self.failure(error, isOutcomeUnknown: isOutcomeUnknown)
                guard error.code == .connectionReset else { throw failure }
            } catch let error as TaskwireError {
                // Whatever a server says is the outcome, also of what was sent before, but for these, after which nothing
                // was done this time, or nobody knows. A server that is stopping may have a successor soon, its store may
                // be back soon, and one that is busy says when to come again.
                if Self.busyReasons.contains(error.reason) { retryAfter = error.retryAfter }
                let isAway = Self.awayReasons.contains(error.reason)
                guard retryAfter != nil || isAway || error.reason == .deadlineExceeded else { throw error }
                if error.reason == .storeUnreachable, call.requestID != nil { isOutcomeUnknown = true }
                failure = error
                failure.isOutcomeUnknown = isOutcomeUnknown
                guard isAway || retryAfter != nil && isRetriedWhenBusy else { throw failure }
                if retryAfter == nil { pause = max(pause, error.retryAfter ?? .zero) }
            }
            // Callers that lost the same connection, or were turned away together, should not all come back in the same
            // moment.
            let wait = retryAfter.map { $0 * Double.random(in: 1...2) } ?? pause * Double.random(in: 1...1.5)
            guard .now.advanced(by: wait) < deadline else { throw failure }
            try await Task.sleep(for: wait)
            if retryAfter == nil { pause = min(pause * 2, Self.longestPause) }
        }
    }

    /// Sends a call once.
    /// - Throws: `TransportError` where there is no answer, TOO_LARGE for a request that the server would not take.
    func sendOnce(_ call: RPCCall, _ deadline: ContinuousClock.Instant) async throws -> RPCReply {
        let message = try encode(call, deadline)
        if message.count > ServerMessageLimit.least {
            try await serverLimit.check(message.count, self, deadline)
        }
        return try reply(in: try await socket.exchange(message, deadline: deadline), to: call)
    }

    private func encode(
        _ call: RPCCall,
        _ deadline: ContinuousClock.Instant
    ) throws(TaskwireError) -> Message {
        let timeout = (deadline - .now).millisecondsRoundedUp
        guard timeout > 0 else {
            throw TaskwireError(
                .deadlineExceeded,
                .deadlineExceeded,
                "The call's time was over before it was sent"
            )
        }
        var call = call
        call.timeoutMilliseconds = timeout
        return try Message.encoding(RPCRequest.call(call), arenas: arenas, maxBytes: maxMessageBytes)
    }

    private func reply(in message: Message, to call: RPCCall) throws(TaskwireError) -> RPCReply {
        do throws(TaskwireError) {
            let response = try RPCResponse(message, arenas: arenas)
            guard case .reply(let reply) = response else {
                throw TaskwireError(.internal, .malformedMessage, "a batch where one reply was due")
            }
            return reply
        } catch {
            throw malformed(error, call)
        }
    }

    func decode<Reply: WireDecodable>(
        _ reply: RPCReply,
        to call: RPCCall
    ) throws(TaskwireError) -> Reply {
        switch reply {
        case .failure(let error):
            throw error
        case .success(let body):
            do throws(TaskwireError) {
                return try arenas.withArena { arena throws(TaskwireError) in try body.decoded(arena: arena) }
            } catch {
                throw malformed(error, call)
            }
        }
    }

    private func malformed(_ error: TaskwireError, _ call: RPCCall) -> TaskwireError {
        TaskwireError(
            .internal,
            .malformedMessage,
            "The answer from \(socket.peerName) cannot be read: \(error.message)",
            isOutcomeUnknown: call.requestID != nil
        )
    }

    /// What a caller is told when there was no answer.
    private func failure(_ error: TransportError, isOutcomeUnknown: Bool) -> TaskwireError {
        var failure = TaskwireError(transport: error)
        if error.code == .timedOut {
            if let reason = socket.connectFailure {
                failure = TaskwireError(.unavailable, .unreachable, reason.message)
            } else if isOutcomeUnknown, !error.mayHaveBeenSent {
                failure = TaskwireError(.unavailable, .unreachable, error.message)
            }
        }
        failure.isOutcomeUnknown = isOutcomeUnknown
        return failure
    }
}

internal import Taskwire
internal import TaskwireProtobuf
internal import TaskwireRPC

/// Makes calls: encodes a request, sends it, decodes the reply, and does so again as a ``RetryPolicy`` says.
final class Caller: Sendable {
    let socket: RequestSocket
    private let arenas = ArenaPool()
    private let maxMessageBytes: Int
    private let token: String
    private let serverLimit = ServerMessageLimit()
    /// The token and the usual metadata, encoded once.
    private let identity: [UInt8]
    private let metadata: [String: String]

    /// A caller on `socket`.
    /// - Parameter owner: The owner whose tasks an admin means; nil: the caller's own.
    /// - Throws: INVALID_ARGUMENT / INVALID_FIELD where a text contains a NUL byte.
    init(socket: RequestSocket, maxMessageBytes: Int, token: String, owner: String?) throws(TaskwireError) {
        self.socket = socket
        self.maxMessageBytes = maxMessageBytes
        self.token = token
        metadata = owner.map { [CallOptions.ownerKey: $0] } ?? [:]
        identity = try RPCCallFrame.encodedCaller(token: token, metadata: metadata, arena: Arena())
    }

    /// Returns what the server answers.
    ///
    /// Most calls are answered at the first attempt, which therefore costs as few asynchronous functions as possible.
    /// - Parameter now: The instant at which the call begins.
    @inline(__always)
    func call<Request, Reply>(
        _ method: Method<Request, Reply>,
        _ request: Request,
        metadata: [String: String],
        requestID: RequestID?,
        at now: ContinuousClock.Instant,
        deadline: ContinuousClock.Instant,
        isRetriedWhenBusy: Bool
    ) async throws -> Reply {
        let call = Call(
            method: method,
            request: request,
            identity: metadata.isEmpty ? identity : try identity(with: metadata),
            requestID: requestID,
            deadline: deadline
        )
        do {
            return try await attempt(call, at: now)
        } catch {
            return try await goOn(call, since: now, after: error, isRetriedWhenBusy: isRetriedWhenBusy)
        }
    }

    /// A call as it is sent, perhaps several times.
    private struct Call<Request: MethodMessage, Reply: MethodMessage> {
        let method: Method<Request, Reply>
        let request: Request
        /// The encoded fields that say who calls.
        let identity: [UInt8]
        let requestID: RequestID?
        let deadline: ContinuousClock.Instant
        /// True once the server was asked whether it takes a request so large.
        var isSizeAllowed = false
    }

    /// Goes on with a call after its first attempt has failed.
    private func goOn<Request, Reply>(
        _ call: Call<Request, Reply>,
        since start: ContinuousClock.Instant,
        after error: any Error,
        isRetriedWhenBusy: Bool
    ) async throws -> Reply {
        var call = call
        var policy = RetryPolicy(
            start: start,
            deadline: call.deadline,
            isMutation: call.requestID != nil,
            isRetriedWhenBusy: isRetriedWhenBusy
        )
        var error = error
        while true {
            do {
                if let uncertain = error as? UncertainSize {
                    try await serverLimit.check(uncertain.byteCount, self, call.deadline)
                    call.isSizeAllowed = true
                } else {
                    try await pause(after: error, &policy)
                }
                try Task.checkCancellation()
                return try await attempt(call, at: .now)
            } catch let refusal as Conclusive {
                throw refusal.error
            } catch let failure {
                error = failure
            }
        }
    }

    /// An error that is the outcome of the call.
    private struct Conclusive: Error {
        var error: any Error
    }

    /// Waits until the call may be made again.
    /// - Throws: ``Conclusive`` where it is not.
    private func pause(after error: any Error, _ policy: inout RetryPolicy) async throws {
        let failure: RetryPolicy.Failure
        switch error {
        case let error as TransportError: failure = .transport(error)
        case let error as TaskwireError: failure = .refusal(error)
        default: throw Conclusive(error: error)
        }
        let decision = policy.decide(
            after: failure,
            connectFailure: socket.connectFailure,
            at: .now,
            jitter: .random(in: 0...1)
        )
        switch decision {
        case .retry(let pause): try await Task.sleep(for: pause)
        case .fail(let error): throw Conclusive(error: error)
        case .cancel: throw Conclusive(error: CancellationError())
        }
    }

    /// Sends a call once.
    /// - Throws: `TransportError` where there is no answer, ``UncertainSize``, `CancellationError`, and what the server answers.
    @inline(__always)
    private func attempt<Request, Reply>(
        _ call: Call<Request, Reply>,
        at now: ContinuousClock.Instant
    ) async throws -> Reply {
        let waiter = ReplyWaiter<Reply>(arenas, on: socket, isMutation: call.requestID != nil)
        return try await withTaskCancellationHandler {
            try await withUnsafeThrowingContinuation { continuation in
                do {
                    try send(call, at: now) { send in waiter.begin(continuation) { send(waiter) } }
                } catch {
                    continuation.resume(throwing: error)
                }
            }
        } onCancel: {
            waiter.cancel()
        }
    }

    /// The request is so large that the server has to be asked whether it takes it.
    private struct UncertainSize: Error {
        var byteCount: Int
    }

    /// Encodes a request, and has `begin` send it.
    private func send<Request, Reply>(
        _ call: Call<Request, Reply>,
        at now: ContinuousClock.Instant,
        _ begin: (_ send: (any ReplyReceiver) -> ExchangeID?) -> Void
    ) throws {
        let timeout = (call.deadline - now).millisecondsRoundedUp
        guard timeout > 0 else {
            throw TaskwireError(
                .deadlineExceeded,
                .deadlineExceeded,
                "The call's time was over before it was sent"
            )
        }
        try arenas.withArena { arena in
            let body = try call.request.prepared(in: arena)
            let frame = RPCCallFrame(
                method: call.method.fullNameBytes,
                bodyByteCount: body.byteCount,
                requestID: call.requestID,
                timeoutMilliseconds: timeout,
                caller: call.identity
            )
            let byteCount = frame.byteCount
            guard byteCount <= maxMessageBytes else {
                throw ServerMessageLimit.refusal(of: byteCount, limit: maxMessageBytes)
            }
            guard call.isSizeAllowed || byteCount <= ServerLimits.messageBytes.lowerBound else {
                throw UncertainSize(byteCount: byteCount)
            }
            begin { receiver in
                socket.send(byteCount: byteCount, to: receiver, deadline: call.deadline) { message in
                    frame.write(to: message) { body.pack(into: $0) }
                }
            }
        }
    }

    /// The encoded fields that say who calls.
    private func identity(with metadata: [String: String]) throws(TaskwireError) -> [UInt8] {
        guard !metadata.isEmpty else { return identity }
        return try arenas.withArena { arena throws(TaskwireError) in
            try RPCCallFrame.encodedCaller(
                token: token,
                metadata: metadata.merging(self.metadata) { $1 },
                arena: arena
            )
        }
    }

    /// Asks the server of the present connection for its limits.
    /// - Throws: as ``attempt(_:at:)``.
    func serverInfo(_ deadline: ContinuousClock.Instant) async throws -> ServerInfo {
        let call = Call(
            method: ServerService.getServerInfo,
            request: EmptyRequest(),
            identity: identity,
            requestID: nil,
            deadline: deadline
        )
        return try await attempt(call, at: .now)
    }
}

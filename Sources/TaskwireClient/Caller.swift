internal import Synchronization
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
    func call<Request, Reply>(
        _ method: Method<Request, Reply>,
        _ request: Request,
        metadata: [String: String],
        requestID: RequestID?,
        deadline: ContinuousClock.Instant,
        isRetriedWhenBusy: Bool = true
    ) async throws -> Reply {
        let identity = try identity(with: metadata)
        var policy: RetryPolicy?
        while true {
            try Task.checkCancellation()
            let failure: RetryPolicy.Failure
            do {
                return try await sendOnce(method, request, identity, requestID, deadline)
            } catch let error as TransportError {
                failure = .transport(error)
            } catch let error as TaskwireError {
                failure = .refusal(error)
            }
            var nextPolicy =
                policy
                ?? RetryPolicy(
                    deadline: deadline,
                    isMutation: requestID != nil,
                    isRetriedWhenBusy: isRetriedWhenBusy
                )
            let decision = nextPolicy.decide(
                after: failure,
                connectFailure: socket.connectFailure,
                at: .now,
                jitter: .random(in: 0...1)
            )
            policy = nextPolicy
            switch decision {
            case .retry(let pause): try await Task.sleep(for: pause)
            case .fail(let error): throw error
            case .cancel: throw CancellationError()
            }
        }
    }

    /// Sends a call once.
    /// - Throws: `TransportError` where there is no answer, TOO_LARGE for a request that the server would not take, and what
    ///   the server answers.
    private func sendOnce<Request, Reply>(
        _ method: Method<Request, Reply>,
        _ request: Request,
        _ identity: [UInt8],
        _ requestID: RequestID?,
        _ deadline: ContinuousClock.Instant,
        isSizeAllowed: Bool = false
    ) async throws -> Reply {
        let waiter = ReplyWaiter<Reply>(arenas, on: socket, isMutation: requestID != nil)
        do {
            return try await withTaskCancellationHandler {
                try await withUnsafeThrowingContinuation { continuation in
                    do {
                        try send(
                            method,
                            request,
                            identity,
                            requestID,
                            deadline,
                            isSizeAllowed: isSizeAllowed
                        ) { send in
                            waiter.begin(continuation) { send(waiter) }
                        }
                    } catch {
                        continuation.resume(throwing: error)
                    }
                }
            } onCancel: {
                waiter.cancel()
            }
        } catch let refusal as UncertainSize {
            try await serverLimit.check(refusal.byteCount, self, deadline)
            return try await sendOnce(method, request, identity, requestID, deadline, isSizeAllowed: true)
        }
    }

    /// The request is so large that the server has to be asked whether it takes it.
    private struct UncertainSize: Error {
        var byteCount: Int
    }

    /// Encodes a request, and has `begin` send it.
    private func send<Request, Reply>(
        _ method: Method<Request, Reply>,
        _ request: Request,
        _ identity: [UInt8],
        _ requestID: RequestID?,
        _ deadline: ContinuousClock.Instant,
        isSizeAllowed: Bool,
        _ begin: (_ send: (any ReplyReceiver) -> ExchangeID?) -> Void
    ) throws {
        let timeout = (deadline - .now).millisecondsRoundedUp
        guard timeout > 0 else {
            throw TaskwireError(
                .deadlineExceeded,
                .deadlineExceeded,
                "The call's time was over before it was sent"
            )
        }
        try arenas.withArena { arena in
            let body = try request.prepared(in: arena)
            let frame = RPCCallFrame(
                method: method.fullNameBytes,
                bodyByteCount: body.byteCount,
                requestID: requestID,
                timeoutMilliseconds: timeout,
                caller: identity
            )
            let byteCount = frame.byteCount
            guard byteCount <= maxMessageBytes else {
                throw ServerMessageLimit.refusal(of: byteCount, limit: maxMessageBytes)
            }
            guard isSizeAllowed || byteCount <= ServerMessageLimit.least else {
                throw UncertainSize(byteCount: byteCount)
            }
            begin { receiver in
                socket.send(byteCount: byteCount, to: receiver, deadline: deadline) { message in
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
    /// - Throws: as ``sendOnce(_:_:_:_:_:isSizeAllowed:)``.
    func serverInfo(_ deadline: ContinuousClock.Instant) async throws -> ServerInfo {
        try await sendOnce(ServerService.getServerInfo, EmptyRequest(), identity, nil, deadline)
    }
}

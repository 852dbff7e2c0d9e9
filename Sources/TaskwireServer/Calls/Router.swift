internal import FoundationEssentials
internal import Logging
internal import Synchronization
internal import Taskwire
internal import TaskwireProtobuf
internal import TaskwireRPC

/// Serves requests: finds out who calls, finds the method, checks the call, has its handler carry it out, and replies.
///
/// A call that can be answered at once is, in the callback that received it. The others go on as a ``PendingCall``.
final class Router: RequestService {
    let methods: MethodTable
    let limits: ServerLimits
    let authenticator: Authenticator
    let admission: Admission
    let complaints: ComplaintLog
    let audit: AuditLog
    let memory: MemoryGate
    let encoder: ReplyEncoder
    /// Bytes that the body of a reply may have.
    let maxReplyBytes: Int
    /// Whoever calls without a credential what needs none.
    let stranger: Session
    /// The tasks of an owner.
    let tasks: @Sendable (_ owner: String) -> any ServedTaskStore

    private let longWork = LongWork(processorCount: ProcessInfo.processInfo.activeProcessorCount)
    private let logger: Logger
    private let arenas: ArenaPool
    private let isStoppingFlag = Atomic(false)

    /// A router for the methods that have handlers.
    /// - Parameters:
    ///   - heldByteCount: Bytes of requests and replies that are kept right now.
    ///   - tasks: The tasks of an owner.
    init(
        handlers: [Handler],
        limits: ServerLimits,
        authenticator: Authenticator,
        admission: Admission,
        statistics: ServerStatistics,
        logger: Logger,
        heldByteCount: @escaping @Sendable () -> Int,
        tasks: @escaping @Sendable (_ owner: String) -> any ServedTaskStore
    ) {
        methods = MethodTable(handlers, statistics: statistics)
        self.limits = limits
        self.authenticator = authenticator
        self.admission = admission
        self.logger = logger
        complaints = ComplaintLog(logger: logger)
        audit = AuditLog(logger: logger, complaints: complaints)
        memory = MemoryGate(limit: limits.maxBytesInProgress, heldByteCount: heldByteCount)
        arenas = ArenaPool(limit: limits.maxDecodeBytes)
        maxReplyBytes =
            2 * limits.maxMessageBytes - RPCReplyFrame(bodyByteCount: limits.maxMessageBytes).byteCount
        stranger = Session(
            token: UnsafeRawBufferPointer(start: nil, count: 0),
            generation: authenticator.generation,
            principal: .stranger,
            owner: Principal.stranger.owner,
            tasks: tasks(Principal.stranger.owner)
        )
        encoder = ReplyEncoder(arenas: arenas, limits: limits, memory: memory, complaints: complaints)
        self.tasks = tasks
    }

    /// From now on calls are told that the server is stopping.
    func stop() {
        isStoppingFlag.store(true, ordering: .relaxed)
    }

    var isStopping: Bool { isStoppingFlag.load(ordering: .relaxed) }

    // MARK: RequestService

    func admits(_ byteCount: Int, ofWhichCounted countedByteCount: Int, from connection: Connection) -> Bool {
        memory.admits(messageOf: byteCount, ofWhichCounted: countedByteCount, from: connection)
    }

    func serve(_ requests: inout IncomingRequests) {
        arenas.withArena { envelope in
            arenas.withArena { body in
                var round = CallRound(self, requests, envelope: envelope, body: body)
                while let request = requests.next() {
                    serve(request, &requests, &round)
                    envelope.reset()
                    body.reset()
                }
                round.end()
            }
        }
    }

    private func serve(
        _ request: IncomingRequest,
        _ requests: inout IncomingRequests,
        _ round: inout CallRound
    ) {
        do throws(TaskwireError) {
            guard !isStopping else {
                // At once, so that its client turns to another server.
                return encoder.reply(Refusals.stopping, to: request, &requests, round.body)
            }
            switch request.content {
            case .message(let bytes):
                let view = try RPCRequestView(
                    wire: bytes,
                    arena: round.envelope,
                    maxBatchCalls: limits.maxBatchCalls,
                    maxBatchBytes: limits.maxBatchBytes
                )
                if !requests.arePostponed, isLong(view, bytes.count), let owner = round.owner(of: view) {
                    return try postpone(request, of: owner, bytes.count, &requests)
                }
                switch view {
                case .call(let call): serve(call, of: bytes.count, request, &requests, &round)
                case .batch(let calls): serve(calls, request, &requests, &round)
                }
            case .tooLarge(let byteCount):
                throw Refusals.tooLarge(byteCount, limit: limits.maxMessageBytes)
            case .noMemory:
                throw Refusals.noMemory
            }
        } catch {
            complaints.note(error, from: requests.connection)
            encoder.reply(error, to: request, &requests, round.body)
        }
    }

    /// Larger requests are served in turns.
    private static let largeRequestByteCount = 64 << 10
    /// Batches of more calls are served in turns.
    private static let longBatchCount = 16

    /// Returns true if a request may take so long that others have to be served meanwhile.
    private func isLong(_ view: RPCRequestView, _ byteCount: Int) -> Bool {
        if byteCount > Self.largeRequestByteCount { return true }
        return switch view {
        case .call(let call): methods.method(call.methodBytes)?.handler?.isLong ?? false
        case .batch(let calls): calls.count > Self.longBatchCount
        }
    }

    /// Serves a request when its owner has its turn.
    private func postpone(
        _ request: IncomingRequest,
        of owner: String,
        _ byteCount: Int,
        _ requests: inout IncomingRequests
    ) throws(TaskwireError) {
        let connection = requests.connection
        let isAdmitted = memory.admits(
            messageOf: byteCount,
            ofWhichCounted: min(byteCount, requests.countedByteCount),
            from: connection
        )
        guard isAdmitted, let serve = requests.postpone(request, for: self) else { throw Refusals.noMemory }
        longWork.submit(for: owner, serve)
    }

    private func serve(
        _ call: RPCCallView,
        of byteCount: Int,
        _ request: IncomingRequest,
        _ requests: inout IncomingRequests,
        _ round: inout CallRound
    ) {
        switch round.begin(call, isBatched: false) {
        case .reply(let reply, let mayBeRepeated):
            encoder.reply(reply, mayBeReplaced: mayBeRepeated, to: request, &requests, round.body)
        case .failure(let error):
            encoder.reply(error, to: request, &requests, round.body)
        case .later(let call, let answer):
            let connection = requests.connection
            // Until it is answered, its request is in memory in one form or another.
            let isAdmitted = memory.admits(
                messageOf: byteCount,
                ofWhichCounted: min(byteCount, requests.countedByteCount),
                from: connection
            )
            guard isAdmitted else {
                _ = conclude(call, .failure(Refusals.noMemory))
                return encoder.reply(Refusals.noMemory, to: request, &requests, round.body)
            }
            connection.hold(byteCount)
            requests.answerLater(request) { [self] in
                let reply = await carryOut(call, answer)
                connection.release(byteCount)
                return .reply(
                    encoder.message(.reply(reply), mayBeReplaced: call.mayBeRepeated, for: connection)
                )
            }
        case .waiting(let call, let wait):
            let connection = requests.connection
            requests.answerLater(request) { [self] in await look(call, on: connection, wait) }
        }
    }

    // MARK: Calls that have to wait

    /// Carries out a call that could not be answered at once.
    func carryOut(
        _ call: PendingCall,
        _ answer: @Sendable () async throws -> Handler.Answer
    ) async -> RPCReply {
        do {
            guard call.deadline > .now else { throw Refusals.late }
            let answer = try await StoragePatience.$end.withValue(call.storagePatience) { try await answer() }
            return conclude(call, .success(answer))
        } catch {
            return conclude(call, .failure(error))
        }
    }

    /// Answers a call that may have to wait for a task. It is cut short when its caller goes away.
    func look(
        _ call: PendingCall,
        on connection: Connection,
        _ look: @Sendable () async throws -> TaskWait<Handler.Answer>
    ) async -> RequestAnswer {
        let result: Result<Handler.Answer, any Error>
        do {
            let wait = try await connection.withCancellationOnClose {
                try Task.checkCancellation()
                return try await StoragePatience.$end.withValue(call.storagePatience) { try await look() }
            }
            switch wait {
            case .waiting(let pause, let look):
                return .pending(
                    WaitingCall(router: self, call: call, connection: connection, pause: pause, look: look)
                )
            case .done(let answer):
                result = .success(answer)
            }
        } catch {
            result = .failure(error)
        }
        let reply = conclude(call, result)
        return .reply(encoder.message(.reply(reply), mayBeReplaced: call.mayBeRepeated, for: connection))
    }

    /// Makes the reply to a call that has ended, and tells the statistics and the log.
    private func conclude(_ call: PendingCall, _ result: Result<Handler.Answer, any Error>) -> RPCReply {
        call.pass.end()
        let duration = ContinuousClock.now - call.start
        switch result {
        case .success(let answer):
            call.method.statistics.record(duration, isError: false)
            audit.note(call.note, event: answer.event, error: nil, duration: duration)
            return .success(.value(answer.reply))
        case .failure(let error):
            let refusal = refusal(error, of: call.note)
            call.method.statistics.record(duration, isError: true)
            audit.note(call.note, event: nil, error: refusal, duration: duration)
            return .failure(refusal)
        }
    }

    private func refusal(_ error: any Error, of call: CallNote) -> TaskwireError {
        switch error {
        case let error as TaskwireError:
            return error
        case is CancellationError where isStopping:
            return Refusals.stopping
        case is CancellationError:
            return TaskwireError(.cancelled, .cancelled, "The call was cancelled")
        default:
            logger.error("call failed", metadata: ["method": "\(call.method)", "error": "\(error)"])
            return TaskwireError(.internal, .internal, "The server could not carry out the call")
        }
    }
}

/// A call that could not be answered at once.
struct PendingCall: Sendable {
    let method: ServedMethod
    let note: CallNote
    /// The pass that it was let in with, which ends with it.
    let pass: CallGate.Pass
    /// The instant at which it came.
    let start: ContinuousClock.Instant
    /// The end of the caller's patience.
    let deadline: ContinuousClock.Instant
    /// True if the same reply can be had by calling again.
    let mayBeRepeated: Bool

    /// See ``StoragePatience/end``: a quarter of the call's time before its deadline, and at most half a second.
    var storagePatience: ContinuousClock.Instant {
        deadline - min((deadline - start) / 4, .milliseconds(500))
    }
}

/// A call that waits for a task to change.
private struct WaitingCall: PendingAnswer {
    let router: Router
    let call: PendingCall
    let connection: Connection
    let pause: TaskPause
    let look: @Sendable () async throws -> TaskWait<Handler.Answer>

    func whenReady(_ resume: @escaping @Sendable () -> Void) {
        pause.whenOver(resume)
    }

    func hurry() {
        pause.cut()
    }

    func answer() async -> RequestAnswer {
        await router.look(call, on: connection, look)
    }
}

internal import Logging
internal import Synchronization
internal import Taskwire
internal import TaskwireProtobuf
internal import TaskwireRPC

/// Finds out who calls, finds the method, checks the call, and has its handler carry it out.
///
/// What methods there are is what the generated service descriptors say. A method without a handler is answered
/// like any other, with UNIMPLEMENTED in the end.
final class Router: Sendable {
    /// What came in.
    private enum Incoming {
        case call(PreparedCall)
        case batch([Result<RPCCall, TaskwireError>])
        case refused(TaskwireError)
    }

    private let methods: [String: ServedMethod]
    private let limits: ServerLimits
    private let authenticator: Authenticator
    private let admission: Admission
    private let logger: Logger
    private let complaints: ComplaintLog
    private let audit: AuditLog
    private let tasks: @Sendable (_ owner: String) -> any WaitingTaskStore
    private let memory: MemoryGate
    private let arenas: ArenaPool
    private let isStopping = Atomic(false)

    /// A router for all services of the descriptors.
    /// - Parameters:
    ///   - services: Handlers by the names of their methods, one table for each service.
    ///   - heldByteCount: Bytes of requests and replies that are kept right now.
    ///   - tasks: The tasks of an owner.
    init(
        services: [[String: Handler]],
        limits: ServerLimits,
        authenticator: Authenticator,
        admission: Admission,
        statistics: ServerStatistics,
        logger: Logger,
        heldByteCount: @escaping @Sendable () -> Int,
        tasks: @escaping @Sendable (_ owner: String) -> any WaitingTaskStore
    ) {
        var methods: [String: ServedMethod] = [:]
        for (service, handlers) in zip(ServiceDescriptor.all, services) {
            for descriptor in service.methods {
                methods[descriptor.fullName] = ServedMethod(
                    descriptor,
                    handler: handlers[descriptor.name],
                    statistics: statistics.method(descriptor)
                )
            }
        }
        self.methods = methods
        self.limits = limits
        self.authenticator = authenticator
        self.admission = admission
        self.logger = logger
        self.complaints = ComplaintLog(logger: logger)
        self.audit = AuditLog(logger: logger, complaints: complaints)
        self.memory = MemoryGate(limit: limits.maxBytesInProgress, heldByteCount: heldByteCount)
        self.tasks = tasks
        self.arenas = ArenaPool(limit: limits.maxDecodeBytes)
    }

    /// From now on calls that are cut short are told that the server is stopping.
    func stop() {
        isStopping.store(true, ordering: .relaxed)
    }

    /// The reply to a message that is not read.
    func refuse(_ refusal: RequestHandlers.Refusal, from connection: Connection) -> Message? {
        let error =
            switch refusal {
            case .tooLarge(let byteCount): Self.tooLarge(byteCount, limit: limits.maxMessageBytes)
            case .noMemory: Self.noMemory
            }
        return refuse(error, from: connection)
    }

    private func refuse(_ error: TaskwireError, from connection: Connection) -> Message? {
        complaints.note(error, from: connection)
        return encoded(.reply(.failure(error)), mayBeReplaced: false, for: connection)
    }

    /// Returns true if a message that is coming in may take so many bytes, some of which are counted already.
    func admits(_ byteCount: Int, ofWhichCounted countedByteCount: Int, from connection: Connection) -> Bool {
        memory.admits(messageOf: byteCount, ofWhichCounted: countedByteCount, from: connection)
    }

    /// Answers one message, whatever is in it.
    func answer(_ message: IncomingRequest) async -> RequestAnswer {
        if isStopping.load(ordering: .relaxed) {
            // At once, so that its client turns to another server.
            return .reply(
                encoded(.reply(.failure(Self.stopping)), mayBeReplaced: false, for: message.connection)
            )
        }
        let arrival = ContinuousClock.now
        switch read(message, at: arrival) {
        case .call(let call):
            if case .success(let work) = call.work, case .waiting(let begin) = work.run {
                // Nothing of what a caller could make large is kept for a call that waits.
                message.message.discard()
                return await answer(to: call, from: message.connection) { try await begin(work.context) }
            }
            let reply = await carryOut(call)
            message.message.discard()
            return .reply(encoded(.reply(reply), mayBeReplaced: call.mayBeRepeated, for: message.connection))
        case .batch(let calls):
            let replies = await replies(to: calls, from: message.connection, at: arrival)
            message.message.discard()
            return .reply(encoded(.batch(replies), mayBeReplaced: false, for: message.connection))
        case .refused(let error):
            return .reply(refuse(error, from: message.connection))
        }
    }

    /// Answers a call that may have to wait for a task. It is cut short when its caller goes away.
    fileprivate func answer(
        to call: PreparedCall,
        from connection: Connection,
        _ look: () async throws -> TaskWait<Handler.Answer>
    ) async -> RequestAnswer {
        let result: Result<Handler.Answer, any Error>
        do {
            let wait = try await connection.withCancellationOnClose {
                try Task.checkCancellation()
                return try await look()
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
        return .reply(encoded(.reply(reply), mayBeReplaced: call.mayBeRepeated, for: connection))
    }

    /// Reads a message.
    private func read(_ message: IncomingRequest, at arrival: ContinuousClock.Instant) -> Incoming {
        do throws(TaskwireError) {
            guard memory.admits(request: message) else { throw Self.noMemory }
            let request = try arenas.withArena { arena throws(TaskwireError) in
                try message.message.withUnsafeBytes { bytes throws(TaskwireError) in
                    try RPCRequest(
                        wire: bytes,
                        arena: arena,
                        maxBatchCalls: limits.maxBatchCalls,
                        maxBatchBytes: limits.maxBatchBytes
                    )
                }
            }
            switch request {
            case .call(let call):
                return .call(prepare(call, from: message.connection, at: arrival, isBatched: false))
            case .batch(let calls):
                return .batch(calls)
            }
        } catch {
            return .refused(error)
        }
    }

    // MARK: Batches

    /// Answers the calls of a batch, as long as their replies have room in one message.
    ///
    /// One that has to wait for something does not hold up the next one, so that mutations wait for one commit
    /// of the store together. Those that need not wait run one after the other. There is no promise about the
    /// order: where a wait ends just as the next run takes over, both runs go on with a call.
    private func replies(
        to calls: [Result<RPCCall, TaskwireError>],
        from connection: Connection,
        at arrival: ContinuousClock.Instant
    ) async -> [RPCReply] {
        // What a failure takes in the envelope is set aside, generously.
        let room = limits.maxMessageBytes - calls.count * Self.failureByteCount
        let batch = BatchProgress(count: calls.count, room: room)
        await withDiscardingTaskGroup { group in
            var turn = 0
            while let run = batch.nextRun {
                // Returns when a call of the run has to wait.
                group.addImmediateTask {
                    for _ in 0..<Self.runLength {
                        guard let index = batch.next(in: run) else { return }
                        let reply = await self.reply(
                            to: calls[index],
                            from: connection,
                            at: arrival,
                            in: batch
                        )
                        batch.finish(index, reply)
                    }
                }
                let startedCount = batch.endRun()
                if startedCount / Self.runLength > turn {
                    // Others have theirs between the calls of a batch.
                    turn = startedCount / Self.runLength
                    await Task.yield()
                }
            }
        }
        connection.release(batch.byteCount)
        return batch.replies
    }

    /// Calls of a batch that are started in one go.
    private static let runLength = 16

    /// Answers a call of a batch.
    private func reply(
        to call: Result<RPCCall, TaskwireError>,
        from connection: Connection,
        at arrival: ContinuousClock.Instant,
        in batch: BatchProgress
    ) async -> RPCReply {
        do throws(TaskwireError) {
            guard batch.hasRoom else { throw Self.noRoom(limits.maxMessageBytes) }
            switch call {
            case .success(let call):
                let prepared = prepare(call, from: connection, at: arrival, isBatched: true)
                let reply = await carryOut(prepared)
                return try encoded(reply, in: batch, mayBeReplaced: prepared.mayBeRepeated, for: connection)
            case .failure(let error):
                throw error
            }
        } catch {
            complaints.note(error, from: connection)
            return .failure(error)
        }
    }

    /// A failure without a task is smaller than this.
    private static let failureByteCount = 1024

    private static func noRoom(_ byteCount: Int) -> TaskwireError {
        TaskwireError(
            .resourceExhausted,
            .tooLarge,
            "The reply would have more than \(byteCount) bytes; ask for less at a time"
        )
    }

    private static func tooLarge(_ byteCount: UInt64, limit: Int) -> TaskwireError {
        TaskwireError(
            .resourceExhausted,
            .tooLarge,
            "The message has \(byteCount) bytes, at most \(limit) are allowed"
        )
    }

    private static var stopping: TaskwireError {
        TaskwireError(.unavailable, .stopping, "The server is stopping", retryAfter: .milliseconds(100))
    }

    private static var noMemory: TaskwireError {
        TaskwireError(
            .resourceExhausted,
            .tooManyRequests,
            "The server keeps as many bytes of requests and replies as it may",
            retryAfter: .milliseconds(100)
        )
    }

    /// The reply with its body encoded, which is done once. A failure has its room already, but for its task,
    /// which it can do without.
    private func encoded(
        _ reply: RPCReply,
        in batch: BatchProgress,
        mayBeReplaced: Bool,
        for connection: Connection
    ) throws(TaskwireError) -> RPCReply {
        switch reply {
        case .success(.value(let value)):
            let body = try arenas.withArena { arena throws(TaskwireError) in try value.encoded(arena: arena) }
            if mayBeReplaced, batch.byteCount + body.count > Self.smallReplyByteCount,
                !memory.admits(replyOf: body.count, to: connection)
            {
                throw Self.noMemory
            }
            guard takeRoom(body.count, in: batch, for: connection) else {
                throw Self.noRoom(limits.maxMessageBytes)
            }
            return .success(.encoded(body))
        case .failure(var error):
            guard let task = error.task else { return reply }
            let byteCount = try? arenas.withArena { arena throws(TaskwireError) in
                try task.prepared(in: arena).byteCount
            }
            let hasRoom = byteCount.map { takeRoom($0, in: batch, for: connection) } ?? false
            if !hasRoom { error.task = nil }
            return .failure(error)
        case .success(.encoded):
            return reply
        }
    }

    /// Takes room in a batch, which is memory that is kept until its message is made.
    private func takeRoom(_ byteCount: Int, in batch: BatchProgress, for connection: Connection) -> Bool {
        guard batch.takeRoom(byteCount) else { return false }
        connection.hold(byteCount)
        return true
    }

    // MARK: Calls

    /// Says everything that can be said of a call before it is carried out.
    private func prepare(
        _ call: RPCCall,
        from connection: Connection,
        at arrival: ContinuousClock.Instant,
        isBatched: Bool
    ) -> PreparedCall {
        let start = ContinuousClock.now
        let method = methods[call.method]
        var note = CallNote(call, from: connection)
        var pass: CallGate.Pass?
        let work: Result<PreparedCall.Work, TaskwireError>
        do throws(TaskwireError) {
            let principal = try authenticator.principal(token: call.token, on: connection)
            if !authenticator.isOpen { note.caller = principal }
            note.owner = principal.owner
            let owner = try Self.owner(of: call, by: principal)
            note.owner = owner
            guard let method else {
                throw TaskwireError(.unimplemented, .unknownMethod, "There is no method \"\(note.method)\"")
            }
            let context = context(of: call, for: owner, at: arrival)
            if let handler = method.handler {
                try Self.check(handler.access, of: method.descriptor, for: principal)
                pass = try admission.enter(handler.kind, for: principal)
            }
            if let deadline = context.options.deadline, deadline <= start {
                throw TaskwireError(
                    .deadlineExceeded,
                    .deadlineExceeded,
                    "The call's time was over before its turn came; nothing was done"
                )
            }
            work = .success(
                .init(run: try self.work(of: call, method, isBatched: isBatched), context: context)
            )
        } catch {
            if [.invalidArgument, .unimplemented].contains(error.code) {
                complaints.note(error, from: connection)
            }
            work = .failure(error)
        }
        return PreparedCall(work: work, note: note, method: method, pass: pass, start: start)
    }

    /// Carries a call out to its end.
    private func carryOut(_ call: PreparedCall) async -> RPCReply {
        let result: Result<Handler.Answer, any Error>
        do {
            let work = try call.work.get()
            switch work.run {
            case .atOnce(let run): result = .success(try await run(work.context))
            case .waiting(let begin): result = .success(try await begin(work.context).output)
            }
        } catch {
            result = .failure(error)
        }
        return conclude(call, result)
    }

    /// Makes the reply to a call that has ended, and tells the statistics and the log.
    private func conclude(_ call: PreparedCall, _ result: Result<Handler.Answer, any Error>) -> RPCReply {
        call.pass?.end()
        let duration = ContinuousClock.now - call.start
        switch result {
        case .success(let answer):
            call.method?.statistics.record(duration, isError: false)
            audit.note(call.note, event: answer.event, error: nil, duration: duration)
            return .success(.value(answer.reply))
        case .failure(let error):
            let refusal = refusal(error, of: call.note)
            call.method?.statistics.record(duration, isError: true)
            audit.note(call.note, event: nil, error: refusal, duration: duration)
            return .failure(refusal)
        }
    }

    /// Whose tasks the call is about.
    private static func owner(of call: RPCCall, by principal: Principal) throws(TaskwireError) -> String {
        guard let owner = call.metadata[CallOptions.ownerKey], owner != principal.owner else {
            return principal.owner
        }
        guard principal.role == .admin else {
            throw TaskwireError(
                .permissionDenied,
                .permissionDenied,
                "metadata: only admins may name an owner with \(CallOptions.ownerKey)"
            )
        }
        return owner.isEmpty ? "" : try Principal.owner(owner)
    }

    private static func check(
        _ access: Access,
        of method: MethodDescriptor,
        for principal: Principal
    ) throws(TaskwireError) {
        guard access.includes(principal.role) else {
            throw TaskwireError(
                .permissionDenied,
                .permissionDenied,
                "\(method.fullName) is for \(access.people)"
            )
        }
    }

    private func work(
        of call: RPCCall,
        _ method: ServedMethod,
        isBatched: Bool
    ) throws(TaskwireError) -> Handler.Work {
        guard let handler = method.handler else {
            if case .encoded(let body) = call.body { try method.descriptor.checkBody(body) }
            throw TaskwireError(
                .unimplemented,
                .methodNotServed,
                "This server does not serve \(method.descriptor.fullName)"
            )
        }
        if handler.kind.needsRequestID, call.requestID == nil {
            throw .invalidField(
                "request_id",
                "required on a mutation: 16 random bytes, the same on every retry"
            )
        }
        if isBatched, !handler.kind.mayBeBatched {
            throw .invalidField(
                "method",
                "\(method.descriptor.fullName) waits or returns much, which is not allowed in a batch"
            )
        }
        return try arenas.withArena { arena throws(TaskwireError) in try handler.prepare(call.body, arena) }
    }

    private func context(
        of call: RPCCall,
        for owner: String,
        at arrival: ContinuousClock.Instant
    ) -> CallContext {
        let timeout =
            call.timeoutMilliseconds == 0 ? limits.defaultTimeoutMilliseconds : call.timeoutMilliseconds
        return CallContext(
            tasks: tasks(owner),
            options: CallOptions(
                deadline: arrival.advanced(by: .milliseconds(timeout)),
                requestID: call.requestID
            )
        )
    }

    private func refusal(_ error: any Error, of call: CallNote) -> TaskwireError {
        switch error {
        case let error as TaskwireError:
            return error
        case is CancellationError where isStopping.load(ordering: .relaxed):
            return Self.stopping
        case is CancellationError:
            return TaskwireError(.cancelled, .cancelled, "The call was cancelled")
        default:
            logger.error("call failed", metadata: ["method": "\(call.method)", "error": "\(error)"])
            return TaskwireError(.internal, .internal, "The server could not carry out the call")
        }
    }

    // MARK: Replies

    /// Larger replies have to ask whether there is memory for them.
    private static let smallReplyByteCount = 64 << 10

    /// The message of a response. One that is too large becomes a refusal, and so does one that there is no memory for, if
    /// it can be had again.
    private func encoded(
        _ response: RPCResponse,
        mayBeReplaced: Bool,
        for connection: Connection
    ) -> Message? {
        do throws(TaskwireError) {
            let message = try encoded(response)
            let isTooMuch =
                message.count > Self.smallReplyByteCount
                && !memory.admits(replyOf: message.count, to: connection)
            return mayBeReplaced && isTooMuch ? try encoded(.reply(.failure(Self.noMemory))) : message
        } catch {
            let failure = error.reason == .tooLarge ? Self.noRoom(limits.maxMessageBytes) : error
            complaints.note(failure, from: connection)
            return try? encoded(.reply(.failure(failure)))
        }
    }

    private func encoded(_ response: RPCResponse) throws(TaskwireError) -> Message {
        try Message.encoding(response, arenas: arenas, maxBytes: limits.maxMessageBytes)
    }
}

/// A call that waits for a task to change.
private struct WaitingCall: PendingAnswer {
    let router: Router
    let call: PreparedCall
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
        await router.answer(to: call, from: connection, look)
    }
}

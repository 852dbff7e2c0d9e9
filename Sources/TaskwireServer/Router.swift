internal import Logging
internal import Synchronization
internal import Taskwire
internal import TaskwireProtobuf
internal import TaskwireRPC

/// Finds the method of a call, checks the call, and has its handler carry it out.
///
/// What methods there are is what the generated service descriptors say. A method without a handler is answered
/// like any other, with UNIMPLEMENTED in the end.
final class Router: Sendable {
    private struct Method: Sendable {
        var descriptor: MethodDescriptor
        var handler: Handler?
    }

    private let methods: [String: Method]
    private let limits: ServerLimits
    private let statistics: ServerStatistics
    private let logger: Logger
    private let complaints: ComplaintLog
    private let tasks: @Sendable (_ owner: String) -> any TaskStore
    private let arenas: ArenaPool
    private let isStopping = Atomic(false)

    /// A router for all services of the descriptors.
    /// - Parameters:
    ///   - services: Handlers by the names of their methods, one table for each service.
    ///   - tasks: The tasks of an owner.
    init(
        services: [[String: Handler]],
        limits: ServerLimits,
        statistics: ServerStatistics,
        logger: Logger,
        tasks: @escaping @Sendable (_ owner: String) -> any TaskStore
    ) {
        var methods: [String: Method] = [:]
        for (service, handlers) in zip(ServiceDescriptor.all, services) {
            for descriptor in service.methods {
                methods[descriptor.fullName] = Method(
                    descriptor: descriptor,
                    handler: handlers[descriptor.name]
                )
            }
        }
        self.methods = methods
        self.limits = limits
        self.statistics = statistics
        self.logger = logger
        self.complaints = ComplaintLog(logger: logger)
        self.tasks = tasks
        self.arenas = ArenaPool(limit: limits.maxDecodeBytes)
    }

    /// From now on calls that are cut short are told that the server is stopping.
    func stop() {
        isStopping.store(true, ordering: .relaxed)
    }

    /// Answers one message, whatever is in it.
    func answer(_ incoming: IncomingRequest) async -> Message? {
        let arrival = ContinuousClock.now
        let request: RPCRequest
        do throws(TaskwireError) {
            request = try arenas.withArena { arena throws(TaskwireError) in
                try incoming.message.withUnsafeBytes { bytes throws(TaskwireError) in
                    try RPCRequest(
                        wire: bytes,
                        arena: arena,
                        maxBatchCalls: limits.maxBatchCalls,
                        maxBatchBytes: limits.maxBatchBytes
                    )
                }
            }
        } catch {
            complaints.note(error, peer: incoming.connection.peer)
            return message(.reply(.failure(error)), incoming)
        }
        switch request {
        case .call(let call):
            return message(.reply(await reply(to: call, from: incoming.connection, at: arrival)), incoming)
        case .batch(let calls):
            return message(.batch(await replies(to: calls, from: incoming.connection, at: arrival)), incoming)
        }
    }

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
            let reply = await reply(to: try call.get(), from: connection, at: arrival, isBatched: true)
            return try encoded(reply, in: batch)
        } catch {
            complaints.note(error, peer: connection.peer)
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

    /// The reply with its body encoded, which is done once. A failure has its room already, but for its task,
    /// which it can do without.
    private func encoded(_ reply: RPCReply, in batch: BatchProgress) throws(TaskwireError) -> RPCReply {
        switch reply {
        case .success(.value(let value)):
            let body = try arenas.withArena { arena throws(TaskwireError) in try value.encoded(arena: arena) }
            guard batch.takeRoom(body.count) else { throw Self.noRoom(limits.maxMessageBytes) }
            return .success(.encoded(body))
        case .failure(var error):
            guard let task = error.task else { return reply }
            let byteCount = try? arenas.withArena { arena throws(TaskwireError) in
                try task.prepared(in: arena).byteCount
            }
            let hasRoom = byteCount.map { batch.takeRoom($0) } ?? false
            if !hasRoom { error.task = nil }
            return .failure(error)
        case .success(.encoded):
            return reply
        }
    }

    private func reply(
        to call: RPCCall,
        from connection: Connection,
        at arrival: ContinuousClock.Instant,
        isBatched: Bool = false
    ) async -> RPCReply {
        guard let method = methods[call.method] else {
            let error = TaskwireError(
                .unimplemented,
                .unknownMethod,
                "There is no method \"\(Self.cut(call.method, to: 100))\""
            )
            complaints.note(error, peer: connection.peer)
            return .failure(error)
        }
        let start = ContinuousClock.now
        let reply: RPCReply
        do {
            let context = context(of: call, at: arrival)
            let work = try prepare(call, method, context, from: connection, isBatched: isBatched)
            let value =
                method.handler?.kind == .wait
                ? try await connection.withCancellationOnClose { try await work(context) }
                : try await work(context)
            reply = .success(.value(value))
        } catch {
            reply = .failure(refusal(error, of: call))
        }
        let duration = ContinuousClock.now - start
        let error: TaskwireError? = if case .failure(let error) = reply { error } else { nil }
        statistics.record(method.descriptor.fullName, duration: duration, isError: error != nil)
        log(call, from: connection, duration: duration, error: error)
        return reply
    }

    /// Everything that can be said of a call before it is carried out.
    private func prepare(
        _ call: RPCCall,
        _ method: Method,
        _ context: CallContext,
        from connection: Connection,
        isBatched: Bool
    ) throws(TaskwireError) -> Handler.Work {
        if let deadline = context.options.deadline, deadline <= .now {
            throw TaskwireError(
                .deadlineExceeded,
                .deadlineExceeded,
                "The call's time was over before its turn came; nothing was done"
            )
        }
        do throws(TaskwireError) {
            return try work(of: call, method, isBatched: isBatched)
        } catch {
            if error.code == .invalidArgument { complaints.note(error, peer: connection.peer) }
            throw error
        }
    }

    private func work(
        of call: RPCCall,
        _ method: Method,
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

    private func context(of call: RPCCall, at arrival: ContinuousClock.Instant) -> CallContext {
        let timeout =
            call.timeoutMilliseconds == 0 ? limits.defaultTimeoutMilliseconds : call.timeoutMilliseconds
        return CallContext(
            tasks: tasks(""),
            options: CallOptions(
                deadline: arrival.advanced(by: .milliseconds(timeout)),
                requestID: call.requestID,
                metadata: call.metadata
            )
        )
    }

    private func refusal(_ error: any Error, of call: RPCCall) -> TaskwireError {
        switch error {
        case let error as TaskwireError:
            return error
        case is CancellationError where isStopping.load(ordering: .relaxed):
            return TaskwireError(
                .unavailable,
                .stopping,
                "The server is stopping",
                retryAfter: .milliseconds(100)
            )
        case is CancellationError:
            return TaskwireError(.cancelled, .cancelled, "The call was cancelled")
        default:
            logger.error("call failed", metadata: ["method": "\(call.method)", "error": "\(error)"])
            return TaskwireError(.internal, .internal, "The server could not carry out the call")
        }
    }

    private func log(
        _ call: RPCCall,
        from connection: Connection,
        duration: Duration,
        error: TaskwireError?
    ) {
        guard logger.logLevel <= .debug else { return }
        var metadata: Logger.Metadata = [
            "method": "\(call.method)",
            "peer": "\(connection.peer)",
            "duration": "\(duration)",
            "code": "\(error?.code.description ?? "OK")",
        ]
        if let error { metadata["reason"] = "\(error.reason.rawValue)" }
        if let requestID = call.requestID { metadata["request_id"] = "\(requestID)" }
        // W3C Trace Context, section 3.3: 512 characters of tracestate are what everybody passes on.
        for key in ["traceparent", "tracestate"] {
            if let value = call.metadata[key] { metadata[key] = "\(Self.cut(value, to: 512))" }
        }
        logger.debug("call", metadata: metadata)
    }

    private func message(_ response: RPCResponse, _ incoming: IncomingRequest) -> Message? {
        do throws(TaskwireError) {
            return try encode(response)
        } catch {
            let failure = error.reason == .tooLarge ? Self.noRoom(limits.maxMessageBytes) : error
            complaints.note(failure, peer: incoming.connection.peer)
            return try? encode(.reply(.failure(failure)))
        }
    }

    private func encode(_ response: RPCResponse) throws(TaskwireError) -> Message {
        try Message.encoding(response, arenas: arenas, maxBytes: limits.maxMessageBytes)
    }

    /// The beginning of a peer's text, so that neither a line of the log nor a message grows with it.
    private static func cut(_ text: String, to count: Int) -> String {
        String(text.unicodeScalars.prefix(count))
    }
}

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

    /// The methods that have no handler.
    var unserved: [String] {
        methods.values.filter { $0.handler == nil }.map(\.descriptor.fullName).sorted()
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
            return message(.reply(.failure(error)))
        }
        switch request {
        case .call(let call):
            let reply = await reply(to: call, from: incoming.connection, at: arrival, isBatched: false)
            return message(.reply(reply))
        case .batch(let calls):
            var replies: [RPCReply] = []
            replies.reserveCapacity(calls.count)
            for call in calls {
                do throws(TaskwireError) {
                    let call = try call.get()
                    replies.append(
                        await reply(to: call, from: incoming.connection, at: arrival, isBatched: true)
                    )
                } catch {
                    replies.append(.failure(error))
                }
            }
            return message(.batch(replies))
        }
    }

    private func reply(
        to call: RPCCall,
        from connection: Connection,
        at arrival: ContinuousClock.Instant,
        isBatched: Bool
    ) async -> RPCReply {
        guard let method = methods[call.method] else {
            let error = TaskwireError(
                .unimplemented,
                .unknownMethod,
                "There is no method \(quoted(call.method))"
            )
            complaints.note(error, peer: connection.peer)
            return .failure(error)
        }
        let reply: RPCReply
        do {
            let work = try prepare(call, method, isBatched: isBatched)
            let context = context(of: call, at: arrival)
            let value =
                method.handler?.kind == .wait
                ? try await connection.withCancellationOnClose { try await work(context) }
                : try await work(context)
            reply = .success(.value(value))
        } catch {
            reply = .failure(refusal(error, of: call, from: connection))
        }
        let duration = ContinuousClock.now - arrival
        let error: TaskwireError? = if case .failure(let error) = reply { error } else { nil }
        statistics.record(method.descriptor.fullName, duration: duration, isError: error != nil)
        log(call, from: connection, duration: duration, error: error)
        return reply
    }

    /// Everything that can be said of a call before it is carried out.
    private func prepare(
        _ call: RPCCall,
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
        if handler.kind == .mutation, call.requestID == nil {
            throw .invalidField(
                "request_id",
                "required on a mutation: 16 random bytes, the same on every retry"
            )
        }
        if handler.kind == .wait, isBatched {
            throw .invalidField(
                "method",
                "\(method.descriptor.fullName) waits, which is not allowed in a batch"
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

    private func refusal(_ error: any Error, of call: RPCCall, from connection: Connection) -> TaskwireError {
        switch error {
        case let error as TaskwireError:
            if error.reason == .malformedMessage { complaints.note(error, peer: connection.peer) }
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
        for key in ["traceparent", "tracestate"] {
            if let value = call.metadata[key] { metadata[key] = "\(value)" }
        }
        logger.debug("call", metadata: metadata)
    }

    private func message(_ response: RPCResponse) -> Message? {
        do throws(TaskwireError) {
            return try encode(response)
        } catch {
            logger.warning("reply not sent", metadata: ["error": "\(error)"])
            switch response {
            case .reply: return try? encode(.reply(.failure(error)))
            case .batch(let replies): return try? encode(.batch(fitting(replies, error)))
            }
        }
    }

    private func encode(_ response: RPCResponse) throws(TaskwireError) -> Message {
        try Message.encoding(response, arenas: arenas, maxBytes: limits.maxMessageBytes)
    }

    /// The replies of a batch that cannot be sent whole, with `error` in place of those that have no room.
    private func fitting(_ replies: [RPCReply], _ error: TaskwireError) -> [RPCReply] {
        // What a failure takes in the envelope, generously.
        var room = limits.maxMessageBytes - replies.count * 512
        return replies.map { reply in
            let byteCount = try? arenas.withArena { arena in try reply.prepared(in: arena).byteCount }
            guard let byteCount, byteCount <= room else { return .failure(error) }
            room -= byteCount
            return reply
        }
    }

    /// A peer's text for a message to it: not longer than a line.
    private func quoted(_ text: String) -> String {
        "\"\(text.prefix(100))\""
    }
}

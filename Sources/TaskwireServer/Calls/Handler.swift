internal import Taskwire
internal import TaskwireProtobuf
internal import TaskwireRPC

/// The part of a server that serves one method.
struct Handler: Sendable {
    /// The answer to a call that was not there at once.
    struct Answer: Sendable {
        var reply: any WireEncodable
        /// The entry in the audit log.
        var event: AuditEvent?
    }

    /// A call after its request was read.
    enum Beginning {
        /// It is answered, by a message in the arena.
        case now(PreparedMessage, AuditEvent?)
        /// It has to wait for the storage, or for something else of the server.
        case later(@Sendable () async throws -> Answer)
        /// It may have to wait for a task.
        case waiting(@Sendable () async throws -> TaskWait<Answer>)
    }

    /// The name of the method in calls.
    let name: String
    let effect: MethodEffect
    let access: MethodAccess
    /// True if a call may take so long that others have to be served meanwhile.
    var isLong = false
    /// Reads the request, carries out the call as far as that is possible without waiting, and prepares the reply in the
    /// arena.
    let begin: Begin

    typealias Begin =
        @Sendable (UnsafeRawBufferPointer, Arena, CallContext) throws(TaskwireError) -> Beginning

    private init(
        _ method: some MethodDescription,
        _ begin: @escaping Begin
    ) {
        name = method.fullName
        effect = method.effect
        access = method.access
        self.begin = begin
    }

    /// A method that answers at once, whatever happens.
    init<Request, Reply>(
        _ method: Method<Request, Reply>,
        _ answer: @escaping @Sendable (Request, CallContext) throws(TaskwireError) -> Reply
    ) {
        self.init(method) { bytes, arena, call throws(TaskwireError) -> Beginning in
            let reply = try answer(try Request(wire: bytes, arena: arena), call)
            return .now(try Self.prepare(reply, in: arena, for: call), nil)
        }
    }

    /// A method that is carried out by a Swift task.
    /// - Parameters:
    ///   - isLong: True if a call may take so long that others have to be served meanwhile.
    ///   - audit: Makes what the audit log says about a call that succeeded.
    init<Request, Reply>(
        _ method: Method<Request, Reply>,
        isLong: Bool = false,
        audit: (@Sendable (Request, Reply) -> AuditEvent?)? = nil,
        later answer: @escaping @Sendable (Request, CallContext) async throws -> Reply
    ) {
        self.init(method) { bytes, arena, call throws(TaskwireError) -> Beginning in
            let request = try Request(wire: bytes, arena: arena)
            return .later {
                let reply = try await answer(request, call)
                return Answer(reply: reply, event: call.tellsEvents ? audit?(request, reply) : nil)
            }
        }
        self.isLong = isLong
    }

    /// A method that reads one task.
    /// - Parameter audit: Makes what the audit log says at debug about a call that succeeded.
    init<Request, Reply, Output>(
        _ method: Method<Request, Reply>,
        audit: (@Sendable (Reply) -> AuditEvent?)? = nil,
        read: @escaping @Sendable (Request, CallContext) throws(TaskwireError) -> TaskRead<Output>,
        reply: @escaping @Sendable (Output) -> Reply
    ) {
        self.init(method) { bytes, arena, call throws(TaskwireError) -> Beginning in
            let read = try read(try Request(wire: bytes, arena: arena), call)
            guard let output = try call.tasks.outputNow(of: read) else {
                return .later {
                    let reply = reply(try await call.tasks.output(of: read))
                    return Answer(reply: reply, event: call.tellsReads ? audit?(reply) : nil)
                }
            }
            let reply = reply(output)
            let event = call.tellsReads ? audit?(reply) : nil
            return .now(try Self.prepare(reply, in: arena, for: call), event)
        }
    }

    /// A method that changes one task.
    /// - Parameter audit: Makes what the audit log says about a call that succeeded.
    init<Request, Reply, Output>(
        _ method: Method<Request, Reply>,
        audit: (@Sendable (Request, Reply) -> AuditEvent?)? = nil,
        mutation: @escaping @Sendable (Request, CallContext) throws(TaskwireError) -> TaskMutation<Output>,
        reply: @escaping @Sendable (Output) -> Reply
    ) {
        self.init(method) { bytes, arena, call throws(TaskwireError) -> Beginning in
            let request = try Request(wire: bytes, arena: arena)
            let mutation = try mutation(request, call)
            guard let output = try call.tasks.outputNow(of: mutation) else {
                return .later {
                    let reply = reply(try await call.tasks.output(of: mutation))
                    return Answer(reply: reply, event: call.tellsEvents ? audit?(request, reply) : nil)
                }
            }
            let reply = reply(output)
            let event = call.tellsEvents ? audit?(request, reply) : nil
            return .now(try Self.prepare(reply, in: arena, for: call), event)
        }
    }

    /// A method that may have to wait for a task.
    /// - Parameter audit: Makes what the audit log says at debug about a call that succeeded.
    init<Request, Reply>(
        _ method: Method<Request, Reply>,
        audit: (@Sendable (Reply) -> AuditEvent?)? = nil,
        waiting wait: @escaping @Sendable (Request, CallContext) async throws -> TaskWait<Reply>
    ) {
        self.init(method) { bytes, arena, call throws(TaskwireError) -> Beginning in
            let request = try Request(wire: bytes, arena: arena)
            return .waiting {
                try await wait(request, call).map { reply in
                    Answer(reply: reply, event: call.tellsReads ? audit?(reply) : nil)
                }
            }
        }
    }

    /// Builds the reply in place of the request, which was read, without the parts of its task that have no room.
    private static func prepare(
        _ reply: some WireEncodable,
        in arena: Arena,
        for call: CallContext
    ) throws(TaskwireError) -> PreparedMessage {
        arena.reset()
        do throws(TaskwireError) {
            let message = try reply.prepared(in: arena)
            if message.byteCount <= call.maxReplyBytes { return message }
        } catch {
            guard error.reason == .tooLarge else { throw error }
        }
        if let report = reply as? any TaskReporting,
            let message = prepareSmaller(report, in: arena, for: call)
        {
            return message
        }
        arena.reset()
        return try reply.prepared(in: arena)
    }

    private static func prepareSmaller(
        _ reply: some TaskReporting,
        in arena: Arena,
        for call: CallContext
    ) -> PreparedMessage? {
        var message: PreparedMessage?
        reply.omitParts { smaller in
            arena.reset()
            message = try? smaller.prepared(in: arena)
            if let found = message, found.byteCount > call.maxReplyBytes { message = nil }
            return message != nil
        }
        return message
    }
}

/// The owner for whom a method is called, and how.
struct CallContext: Sendable {
    /// The tasks of the owner.
    var tasks: any ServedTaskStore
    var options: CallOptions
    /// Where the call came in.
    var connection: Connection
    /// Bytes that a payload and its content type may have.
    var maxPayloadBytes: Int
    /// Bytes that the body of a reply may have.
    var maxReplyBytes: Int
    /// True if the audit log tells of what changes.
    var tellsEvents: Bool
    /// True if it tells of what is read as well.
    var tellsReads: Bool

    /// Refuses a payload that a reply would have no room for beside its task.
    /// - Throws: RESOURCE_EXHAUSTED / TOO_LARGE.
    func check(_ payload: Payload?, _ field: String) throws(TaskwireError) {
        guard let payload else { return }
        try check(byteCount: payload.data.count + payload.contentType.utf8.count, field)
    }

    /// The same for so many bytes.
    func check(byteCount: Int, _ field: String) throws(TaskwireError) {
        guard byteCount > maxPayloadBytes else { return }
        throw TaskwireError(
            .resourceExhausted,
            .tooLarge,
            "\(field): has \(byteCount) bytes with its content type, at most \(maxPayloadBytes) are allowed"
        )
    }
}

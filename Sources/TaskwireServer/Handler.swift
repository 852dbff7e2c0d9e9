internal import Taskwire
internal import TaskwireProtobuf

/// What serves one method.
struct Handler: Sendable {
    enum Kind: Sendable {
        /// Changes no task.
        case read
        /// Changes something, and needs a request id.
        case mutation
        /// A mutation whose reply may be large: not allowed in a batch, where its reply may find no room after it was
        /// carried out.
        case delivery
        /// Changes no task and may take long. Ends when its caller goes away; not allowed in a batch.
        case wait

        /// Whether a call has to be told from its repeats.
        var needsRequestID: Bool { self == .mutation || self == .delivery }

        /// Whether a call may be one of a batch.
        var mayBeBatched: Bool { self == .read || self == .mutation }
    }

    /// What comes of a call.
    struct Answer: Sendable {
        var reply: any WireEncodable
        /// What the audit log says about it.
        var event: AuditEvent?
    }

    /// What carries a call out.
    enum Work: Sendable {
        case atOnce(@Sendable (CallContext) async throws -> Answer)
        /// It may have to wait for a task.
        case waiting(@Sendable (CallContext) async throws -> TaskWait<Answer>)
    }

    let kind: Kind
    let access: Access
    /// Reads the request at once, before anything is waited for, and returns what then carries out the call.
    let prepare: @Sendable (RPCBody, Arena) throws(TaskwireError) -> Work

    /// A handler of a method.
    /// - Parameters:
    ///   - access: Who may call it.
    ///   - audit: What the audit log says about a call that succeeded.
    init<Request: WireDecodable, Reply: WireEncodable>(
        _ kind: Kind,
        for access: Access = .everybody,
        audit: (@Sendable (Request, Reply) -> AuditEvent?)? = nil,
        _ handle: @escaping @Sendable (Request, CallContext) async throws -> Reply
    ) {
        self.kind = kind
        self.access = access
        self.prepare = { body, arena throws(TaskwireError) in
            let request = try body.decoded(as: Request.self, arena: arena)
            return .atOnce { call in
                let reply = try await handle(request, call)
                return Answer(reply: reply, event: audit?(request, reply))
            }
        }
    }

    /// A handler of a method that may have to wait for a task; everybody may call it.
    init<Request: WireDecodable, Reply: WireEncodable>(
        waiting begin: @escaping @Sendable (Request, CallContext) async throws -> TaskWait<Reply>
    ) {
        kind = .wait
        access = .everybody
        prepare = { body, arena throws(TaskwireError) in
            let request = try body.decoded(as: Request.self, arena: arena)
            return .waiting { call in try await begin(request, call).map { Answer(reply: $0) } }
        }
    }
}

/// On whose behalf a method is called, and how.
struct CallContext: Sendable {
    /// The tasks of the owner for whom the call is made.
    var tasks: any WaitingTaskStore
    var options: CallOptions
}

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

    let kind: Kind
    /// Reads the request at once, before anything is waited for, and returns what then carries out the call.
    let prepare: @Sendable (RPCBody, Arena) throws(TaskwireError) -> Work

    typealias Work = @Sendable (CallContext) async throws -> any WireEncodable

    init<Request: WireDecodable>(
        _ kind: Kind,
        _ handle: @escaping @Sendable (Request, CallContext) async throws -> some WireEncodable
    ) {
        self.kind = kind
        self.prepare = { body, arena throws(TaskwireError) in
            let request = try body.decoded(as: Request.self, arena: arena)
            return { call in try await handle(request, call) }
        }
    }
}

/// Who calls, and how.
struct CallContext: Sendable {
    /// The tasks of the owner who calls.
    var tasks: any TaskStore
    var options: CallOptions
}

internal import Taskwire
internal import TaskwireProtobuf
internal import TaskwireRPC

/// The calls of one read of a connection, which share what need not be done for each: the clock, the caller, the arenas, the
/// entry in the statistics.
struct CallRound {
    /// The state of a call that has begun.
    enum Begun {
        /// It has succeeded, with this reply in ``CallRound/body``.
        case reply(PreparedMessage, mayBeRepeated: Bool)
        case failure(TaskwireError)
        case later(PendingCall, @Sendable () async throws -> Handler.Answer)
        case waiting(PendingCall, @Sendable () async throws -> TaskWait<Handler.Answer>)
    }

    /// Holds the envelope of the call.
    let envelope: Arena
    /// Holds the body of the call, and then the reply.
    let body: Arena

    private let router: Router
    private let connection: Connection
    private let arrival: ContinuousClock.Instant
    /// True if the calls have waited for their turn.
    private let arePostponed: Bool
    private var session: Session?
    /// Calls in a row of one method that have succeeded and are not counted yet.
    private var uncounted: (method: ServedMethod, count: Int)?

    init(_ router: Router, _ requests: borrowing IncomingRequests, envelope: Arena, body: Arena) {
        self.router = router
        connection = requests.connection
        arrival = requests.arrival
        arePostponed = requests.arePostponed
        self.envelope = envelope
        self.body = body
        session = connection.attachment as? Session
    }

    /// Says everything that can be said of a call, and carries it out where that needs no wait.
    mutating func begin(_ call: RPCCallView, isBatched: Bool) -> Begun {
        let method = router.methods.method(call.methodBytes)
        var principal: Principal?
        var owner = ""
        do throws(TaskwireError) {
            let session = try session(of: call, for: method, &principal, &owner)
            guard let method else {
                let name = note(call, principal, owner).method
                throw TaskwireError(.unimplemented, .unknownMethod, "There is no method \"\(name)\"")
            }
            guard let handler = method.handler else {
                try method.descriptor.checkBody(call.body)
                throw TaskwireError(
                    .unimplemented,
                    .methodNotServed,
                    "This server does not serve \(method.descriptor.fullName)"
                )
            }
            try check(call, handler, session.principal, isBatched: isBatched)
            let deadline = deadline(of: call)
            if arePostponed, deadline <= .now { throw Refusals.late }
            let context = CallContext(
                tasks: session.tasks,
                options: CallOptions(deadline: deadline, requestID: call.requestID),
                connection: connection,
                maxPayloadBytes: router.limits.maxPayloadBytes,
                maxReplyBytes: router.maxReplyBytes,
                tellsEvents: router.audit.tellsEvents,
                tellsReads: router.audit.tellsCalls
            )
            let effect = handler.effect
            switch try handler.begin(call.body, body, context) {
            case .now(let reply, let event):
                count(method)
                if event != nil || router.audit.tellsCalls {
                    router.audit.note(
                        note(call, principal, owner),
                        event: event,
                        error: nil,
                        duration: ContinuousClock.now - arrival
                    )
                }
                return .reply(reply, mayBeRepeated: effect.mayBeRepeated)
            case .later(let answer):
                let pending = try pending(call, method, effect, session.principal, principal, owner)
                return .later(pending, answer)
            case .waiting(let wait):
                let pending = try pending(call, method, effect, session.principal, principal, owner)
                return .waiting(pending, wait)
            }
        } catch {
            if [.invalidArgument, .unimplemented].contains(error.code) {
                router.complaints.note(error, from: connection)
            }
            let duration = ContinuousClock.now - arrival
            method?.statistics.record(duration, isError: true)
            router.audit.note(note(call, principal, owner), event: nil, error: error, duration: duration)
            return .failure(error)
        }
    }

    /// The owner of the tasks that a request is about; nil where it is refused anyway.
    mutating func owner(of request: RPCRequestView) -> String? {
        let call: RPCCallView? =
            switch request {
            case .call(let call): call
            // The calls of a batch have one caller.
            case .batch(let calls): calls.lazy.compactMap { try? $0.get() }.first
            }
        var principal: Principal?
        var owner = ""
        guard let call, (try? session(of: call, for: nil, &principal, &owner)) != nil else { return nil }
        return owner
    }

    /// Tells the statistics of the calls that were answered.
    mutating func end() {
        if let uncounted {
            uncounted.method.statistics.record(
                ContinuousClock.now - arrival,
                count: uncounted.count,
                isError: false
            )
        }
        uncounted = nil
    }

    private mutating func count(_ method: ServedMethod) {
        if uncounted?.method === method {
            uncounted?.count += 1
        } else {
            end()
            uncounted = (method, 1)
        }
    }

    // MARK: Checks

    /// The session of the caller, which the next call most likely has, too.
    /// - Parameters:
    ///   - method: The method that is called; nil where there is none.
    ///   - principal: Becomes the caller, where anybody asks who that is.
    ///   - owner: Becomes the owner of the tasks, as far as that is known.
    private mutating func session(
        of call: RPCCallView,
        for method: ServedMethod?,
        _ principal: inout Principal?,
        _ owner: inout String
    ) throws(TaskwireError) -> Session {
        let generation = router.authenticator.generation
        let token = call.tokenBytes
        if call.isMetadataEmpty, let session, session.includes(token, generation: generation) {
            if !router.authenticator.isOpen { principal = session.principal }
            owner = session.owner
            return session
        }
        let caller: Principal
        do throws(TaskwireError) {
            caller = try router.authenticator.principal(token: call.token, on: connection)
        } catch {
            guard method?.handler?.access == .anybody else { throw error }
            return router.stranger
        }
        if !router.authenticator.isOpen { principal = caller }
        owner = caller.owner
        owner = try Self.owner(of: call, by: caller)
        let found = Session(
            token: token,
            generation: generation,
            principal: caller,
            owner: owner,
            tasks: router.tasks(owner)
        )
        if owner == caller.owner {
            session = found
            connection.attachment = found
        }
        return found
    }

    /// The owner of the tasks that the call is about.
    private static func owner(of call: RPCCallView, by principal: Principal) throws(TaskwireError) -> String {
        guard !call.isMetadataEmpty, let owner = call.metadata[CallOptions.ownerKey], owner != principal.owner
        else { return principal.owner }
        guard principal.role == .admin else {
            throw TaskwireError(
                .permissionDenied,
                .permissionDenied,
                "metadata: only admins may name an owner with \(CallOptions.ownerKey)"
            )
        }
        return owner.isEmpty ? "" : try Principal.owner(owner)
    }

    /// The rules of calls that hold before a request is read.
    private func check(
        _ call: RPCCallView,
        _ method: Handler,
        _ principal: Principal,
        isBatched: Bool
    ) throws(TaskwireError) {
        guard method.access.includes(principal.role) else {
            throw TaskwireError(
                .permissionDenied,
                .permissionDenied,
                "\(method.name) is for \(method.access.people)"
            )
        }
        try router.admission.count(for: principal)
        if method.effect.needsRequestID, call.requestID == nil {
            throw .invalidField(
                "request_id",
                "required on a mutation: 16 random bytes, the same on every retry"
            )
        }
        if isBatched, !method.effect.mayBeBatched {
            throw .invalidField(
                "method",
                "\(method.name) waits or returns much, which is not allowed in a batch"
            )
        }
    }

    private func deadline(of call: RPCCallView) -> ContinuousClock.Instant {
        let timeout = call.timeoutMilliseconds
        return arrival.advanced(
            by: .milliseconds(timeout == 0 ? router.limits.defaultTimeoutMilliseconds : timeout)
        )
    }

    private func pending(
        _ call: RPCCallView,
        _ method: ServedMethod,
        _ effect: MethodEffect,
        _ caller: Principal,
        _ principal: Principal?,
        _ owner: String
    ) throws(TaskwireError) -> PendingCall {
        PendingCall(
            method: method,
            note: note(call, principal, owner),
            pass: try router.admission.enter(effect, for: caller),
            start: arrival,
            deadline: deadline(of: call),
            mayBeRepeated: effect.mayBeRepeated
        )
    }

    private func note(_ call: RPCCallView, _ principal: Principal?, _ owner: String) -> CallNote {
        var note = CallNote(call, from: connection)
        note.caller = principal
        note.owner = owner
        return note
    }
}

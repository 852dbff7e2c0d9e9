internal import Synchronization

/// One client's connection to a ``ReplySocket``.
package final class Connection: Sendable {
    private struct State {
        /// Set once. From then on no scope is added.
        var isClosed = false
        var scopes: [ObjectIdentifier: any ConnectionScope] = [:]
    }

    /// The address at which the client came in.
    package let listener: Address
    /// The number that ``ListenerOptions/number`` gave the listener.
    package let listenerNumber: Int
    /// Who the client is, as far as the transport knows: "ipc uid=0 pid=123", "127.0.0.1:55555".
    package let peer: String
    /// Where the client comes from, which it cannot change by connecting again: its host, or its user.
    package let origin: String
    /// The user that the client's process belongs to, where it came in over ipc.
    package let peerUserID: UInt32?

    /// State that a ``RequestService`` keeps for the connection.
    package var attachment: (any AnyObject & Sendable)? {
        get { attached.withLock(\.self) }
        set { attached.withLock { $0 = newValue } }
    }

    private let attached = Mutex<(any AnyObject & Sendable)?>(nil)

    /// The bytes of its requests and replies.
    let ledger: ByteLedger

    private let state = Mutex(State())

    /// A client of this process that came in by no listener, whose requests somebody hands over.
    package convenience init(local listener: Address) {
        self.init(
            listener: listener,
            listenerNumber: 0,
            peer: "local",
            origin: "local",
            peerUserID: nil,
            ledger: ByteLedger()
        )
    }

    init(
        listener: Address,
        listenerNumber: Int,
        peer: String,
        origin: String,
        peerUserID: UInt32?,
        ledger: ByteLedger
    ) {
        self.listener = listener
        self.listenerNumber = listenerNumber
        self.peer = peer
        self.origin = origin
        self.peerUserID = peerUserID
        self.ledger = ledger
    }

    /// Bytes of its requests that are kept, and of the replies to it that have not left yet.
    package var heldByteCount: Int {
        ledger.byteCount
    }

    /// Counts bytes of a reply that is still being put together, until ``release(_:)``.
    package func hold(_ byteCount: Int) {
        ledger.charge(byteCount)
    }

    /// Ends what ``hold(_:)`` began.
    package func release(_ byteCount: Int) {
        ledger.credit(byteCount)
    }

    /// Runs `body`, and cancels the task it runs in when the connection goes away or the socket stops, or
    /// that has happened already.
    ///
    /// Cancellation is the ordinary one of Swift: `body` decides what to do about it. A task that was
    /// cancelled stays so after the scope; in a handler this is of no consequence, as nobody is left to reply
    /// to. The scope costs a few dozen bytes and no task of its own.
    package func withCancellationOnClose<Output>(
        _ body: () async throws -> Output
    ) async rethrows -> Output {
        // The task cannot end before this function does, so it may be referred to until then.
        let scope = unsafe withUnsafeCurrentTask { task in unsafe task.map(CancellationScope.init(task:)) }
        guard let scope else { return try await body() }
        open(scope)
        defer {
            close(scope)
            scope.end()
        }
        return try await body()
    }

    /// Runs the handler once the connection goes away or the socket stops, or at once if that has happened already. Not
    /// on nng's threads, and not after ``removeCloseHandler(_:)`` has returned, unless it was under way.
    package func addCloseHandler(_ handler: CloseHandler) {
        open(handler)
    }

    /// Ends what ``addCloseHandler(_:)`` began. Harmless when repeated.
    package func removeCloseHandler(_ handler: CloseHandler) {
        close(handler)
    }

    /// Cancels what runs in scopes of this connection. Not for nng's threads, as cancellation runs handlers.
    func cancelScopes() {
        let scopes = state.withLock { state in
            state.isClosed = true
            return state.scopes.values
        }
        for scope in scopes {
            scope.cancel()
        }
    }

    /// Cancels `scope` when the connection goes away or the socket stops, or that has happened already.
    func open(_ scope: some ConnectionScope) {
        let isClosed = state.withLock { state in
            if !state.isClosed {
                state.scopes[ObjectIdentifier(scope)] = scope
            }
            return state.isClosed
        }
        if isClosed {
            scope.cancel()
        }
    }

    /// Ends what ``open(_:)`` began.
    func close(_ scope: some ConnectionScope) {
        _ = state.withLock { $0.scopes.removeValue(forKey: ObjectIdentifier(scope)) }
    }
}

internal import CNNG
internal import Synchronization

/// A REP context and the asynchronous operation that drives it: what one request at a time needs of nng.
///
/// `@unchecked Sendable` is safe: the pointer is set once, in `init`, nng locks the operation behind it, and
/// one receive loop at a time uses the context; `state` is what callbacks and others share.
@safe final class ReplyContext: @unchecked Sendable {
    /// A request as nng delivers it.
    struct Delivery: Sendable {
        let message: Message
        /// Nil when it is gone already.
        let connection: Connection?
    }

    /// resting → receiving → resting, or resting → sending → receiving → resting. Stopping leads from
    /// `receiving`, and from `sending` when it is done, to `resting` without a request.
    private enum Phase {
        /// The loop has the request, or has ended.
        case resting
        /// A reply is being sent on the connection.
        case sending(connection: Connection, byteCount: Int, thenReceive: Bool)
        /// The context waits for a request.
        case receiving
    }

    private struct State {
        var phase = Phase.resting
        var isStopping = false
        var continuation: CheckedContinuation<Void, Never>?
        /// The request that has come; nil when the socket stops.
        var delivery: Delivery?
        /// The receive loop, where there is one.
        var loop: Task<Void, Never>?
    }

    let context: nng_ctx
    /// The `nng_aio`. Its callback holds this context unretained; the engine frees it before it lets go.
    private(set) var operation: OpaquePointer?

    private let state = Mutex(State())
    private let patience: SendPatience
    /// How many contexts of the socket are waiting for a request, or are about to.
    private let idleCount: IdleCount
    private let calls: NativeCalls
    /// Finds a connection by nng's number.
    private let connection: @Sendable (UInt32) -> Connection?
    /// Called when a request leaves too few contexts waiting.
    private let onShortage: @Sendable () -> Void
    /// Whether `idleCount` includes this context. Used by the loop, the callbacks and whoever starts the loop, one at a
    /// time.
    private var isCounted = false

    init(
        socket: nng_socket,
        patience: SendPatience,
        idleCount: IdleCount,
        calls: NativeCalls,
        connection: @escaping @Sendable (UInt32) -> Connection?,
        onShortage: @escaping @Sendable () -> Void
    ) throws(TransportError) {
        var context = nng_ctx()
        let result = unsafe nng_ctx_open(&context, socket)
        self.context = context
        self.patience = patience
        self.idleCount = idleCount
        self.calls = calls
        self.connection = connection
        self.onShortage = onShortage
        guard result == 0 else {
            throw TransportError(result: result, action: "Opening a reply context")
        }
        let allocation = unsafe nng_aio_alloc(
            &operation,
            { argument in
                guard let argument = unsafe argument else { return }
                let context = unsafe Unmanaged<ReplyContext>.fromOpaque(argument).takeUnretainedValue()
                CallbackExecutor.runCallback { context.completed() }
            },
            unsafe Unmanaged.passUnretained(self).toOpaque()
        )
        guard allocation == 0 else {
            nng_ctx_close(context)
            throw TransportError(result: allocation, action: "Making a reply operation")
        }
    }

    // MARK: The loop

    /// Starts a receive loop, which ends with ``endLoop()``.
    func startLoop(_ loop: @escaping @Sendable () async -> Void) {
        // The lock is held so that the loop does not end before it is known.
        state.withLock { $0.loop = Task(executorPreference: CallbackExecutor.shared, operation: loop) }
    }

    func cancelLoop() {
        state.withLock { $0.loop }?.cancel()
    }

    /// The loop that calls this makes no more use of the context.
    func endLoop() {
        state.withLock { $0.loop = nil }
    }

    /// Sends the reply to the last request, if there is one, and waits for the next. One suspension does
    /// both: the receive is posted by the send's callback.
    ///
    /// - Returns: The request, or nil when the socket stops.
    func nextRequest(replying reply: Message?, on connection: Connection?) async -> Delivery? {
        await withCheckedContinuation { continuation in
            if let reply, let connection {
                send(reply, on: connection, thenReceive: true, continuation)
            } else {
                state.withLock { $0.continuation = continuation }
                receive()
            }
        }
        return state.withLock { $0.delivery.take() }
    }

    /// Sends the reply to the last request and waits until nng has taken it.
    func conclude(replying reply: Message, on connection: Connection) async {
        await withCheckedContinuation { continuation in
            send(reply, on: connection, thenReceive: false, continuation)
        }
    }

    /// Makes the loop end as soon as it waits for a request.
    func stop() {
        state.withLock { state in
            state.isStopping = true
            cancelReceiving(state)
        }
    }

    /// Waits for a running callback and frees the operation. Never call it on nng's threads.
    func free() {
        unsafe nng_aio_stop(operation)
        unsafe nng_aio_free(operation)
    }

    private func send(
        _ reply: Message,
        on connection: Connection,
        thenReceive: Bool,
        _ continuation: CheckedContinuation<Void, Never>
    ) {
        let byteCount = reply.count
        state.withLock { state in
            state.continuation = continuation
            state.phase = .sending(
                connection: connection,
                byteCount: byteCount,
                thenReceive: thenReceive
            )
        }
        connection.ledger.charge(byteCount)
        // A reader that is too slow. nng sets a timer only when the connection is busy.
        unsafe nng_aio_set_timeout(operation, patience.begin())
        unsafe nng_aio_set_msg(operation, reply.release())
        calls.make { unsafe nng_ctx_send(context, operation) }
    }

    /// Counts the context as one that waits for a request, or is about to. Harmless when repeated.
    func countAsIdle() {
        guard !isCounted else { return }
        isCounted = true
        idleCount.increment()
    }

    private func receive() {
        countAsIdle()
        state.withLock { $0.phase = .receiving }
        unsafe nng_aio_set_timeout(operation, NNG_DURATION_INFINITE)
        calls.make { unsafe nng_ctx_recv(context, operation) }
        // nng forgets a cancellation that comes before the start.
        state.withLock { state in
            if state.isStopping {
                cancelReceiving(state)
            }
        }
    }

    /// Called with the lock held, so that no other operation can have begun. nng never calls back from within
    /// `nng_aio_cancel`, so the lock is not taken twice.
    private func cancelReceiving(_ state: borrowing State) {
        if case .receiving = state.phase {
            unsafe nng_aio_cancel(operation)
        }
    }

    /// nng's callback: the operation has ended.
    private func completed() {
        let result = unsafe nng_aio_result(operation)
        switch state.withLock({ $0.phase }) {
        case .sending(let connection, let byteCount, let thenReceive):
            connection.ledger.credit(byteCount)
            patience.end()
            if result != 0 {
                // What could not be sent is still ours.
                discardMessage()
                if result == resultCode(NNG_ETIMEDOUT) {
                    nng_pipe_close(nng_pipe(id: connection.id))
                }
            }
            if thenReceive, !state.withLock({ $0.isStopping }) {
                receive()
            } else {
                resume(with: nil)
            }
        case .receiving:
            isCounted = false
            if idleCount.decrement() { onShortage() }
            guard result == 0, let message = unsafe nng_aio_get_msg(operation) else {
                resume(with: nil)
                return
            }
            unsafe nng_aio_set_msg(operation, nil)
            let connection = unsafe connection(nng_msg_get_pipe(message).id)
            let request = unsafe Message(adopting: message, ledger: connection?.ledger)
            resume(with: Delivery(message: request, connection: connection))
        case .resting:
            break
        }
    }

    private func discardMessage() {
        if let message = unsafe nng_aio_get_msg(operation) {
            unsafe nng_aio_set_msg(operation, nil)
            unsafe nng_msg_free(message)
        }
    }

    private func resume(with delivery: Delivery?) {
        let continuation = state.withLock { state in
            state.phase = .resting
            state.delivery = delivery
            return state.continuation.take()
        }
        continuation?.resume()
    }
}

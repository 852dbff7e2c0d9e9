internal import CNNG
internal import Dispatch
internal import Synchronization

/// What a ``RequestSocket`` does: the slots, the queue of callers, the connection and the deadlines.
///
/// nng's callbacks refer to the engine without a reference count. It is kept alive by the socket, and from
/// `beginClosing()` on by the closing itself, until nng can no longer call back.
final class RequestEngine: DeadlineKeeper {
    /// idle → dialing → connected → idle or dialing; dialing → waiting → dialing or idle.
    private enum Link {
        /// There is no dialer and nobody needs one.
        case idle
        /// The connecting thread is at work. The dialer is nil until it has made one.
        case dialing(nng_dialer?)
        /// The last attempt failed; another is scheduled.
        case waiting
        /// The attempt succeeded. Whether the connection still stands is for `pipe` to say.
        case connected
    }

    /// open → closing.
    private enum Phase {
        case open
        case closing
    }

    private struct State {
        var phase = Phase.open
        var slots: [RequestSlot] = []
        var idleSlots: [RequestSlot] = []
        /// Slots that are in use or being opened.
        var busyCount = 0
        var queue = CallerQueue()
        var link = Link.idle
        /// The connection that nng has now.
        var pipe: UInt32?
        var connectedSince: ContinuousClock.Instant?
        /// Where that connection goes, or went last.
        var peer: Address?
        var choice: EndpointChoice

        init(endpoints: [Endpoint]) {
            choice = EndpointChoice(of: endpoints)
        }

        /// Whom an exchange is or was with, for people.
        var peerName: String { peer?.description ?? choice.description }

        var hasDemand: Bool { busyCount > 0 || !queue.isEmpty }
    }

    let configuration: RequestSocket.Configuration
    /// Happens when everything is freed.
    let closed = Event()

    private let socket: nng_socket
    private let state: Mutex<State>
    private let calls = NativeCalls()
    /// For what may block: connecting, closing.
    private let connecting = DispatchQueue(label: "taskwire.request.connecting")
    private let deadlines = DeadlineWatch()

    /// How long an attempt to connect may hold up the closing.
    private static let dialingPatience = Duration.milliseconds(250)
    /// How long an attempt may hold up those at other endpoints: the system takes two minutes for a machine that is gone.
    private static let dialingTime = Duration.seconds(5)
    /// How long replies to requests that were given up may hold up the closing.
    private static let quietTime = Duration.milliseconds(100)
    /// How often it is looked whether they have come.
    private static let quietInterval = Duration.milliseconds(2)
    /// How long nng may take to close. It never comes to an end when a connection got stuck.
    private static let closingTime = DispatchTimeInterval.seconds(5)

    init(configuration: RequestSocket.Configuration) throws(TransportError) {
        self.configuration = configuration
        let state = State(endpoints: configuration.endpoints)
        self.state = Mutex(state)
        var socket = nng_socket()
        let result = unsafe nng_req0_open(&socket)
        self.socket = socket
        guard result == 0 else {
            throw TransportError(result: result, action: "Opening a socket for \(state.peerName)")
        }
        let settings = unsafe [
            // Without this a header that claims 2^64 bytes ends the process. The request's number counts too.
            nng_socket_set_size(
                socket,
                NNG_OPT_RECVMAXSZ,
                configuration.maximumMessageSize + MemoryLayout<UInt32>.size
            ),
            // Requests are not sent again behind the caller's back.
            nng_socket_set_ms(socket, NNG_OPT_REQ_RESENDTIME, NNG_DURATION_INFINITE),
            nng_pipe_notify(socket, NNG_PIPE_EV_ADD_POST, Self.pipeAdded, engineArgument),
            nng_pipe_notify(socket, NNG_PIPE_EV_REM_POST, Self.pipeRemoved, engineArgument),
        ]
        if let failed = settings.first(where: { $0 != 0 }) {
            nng_close(socket)
            throw TransportError(result: failed, action: "Preparing a socket for \(state.peerName)")
        }
    }

    private var engineArgument: UnsafeMutableRawPointer {
        unsafe Unmanaged.passUnretained(self).toOpaque()
    }

    var isConnected: Bool {
        state.withLock { $0.pipe != nil }
    }

    var connectFailure: TransportError? {
        state.withLock { $0.pipe == nil ? $0.choice.failure : nil }
    }

    var peer: Address? {
        state.withLock { $0.peer }
    }

    var peerName: String {
        state.withLock { $0.peerName }
    }

    // MARK: Exchanges

    func exchange(
        _ message: Message,
        deadline: ContinuousClock.Instant?
    ) async throws(TransportError) -> Message {
        let exchange = makeExchange(message, deadline: deadline)
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                submit(exchange) { continuation.resume(returning: $0) }
            }
        } onCancel: {
            abort(exchange, .cancelled)
        }
        return try outcome.get()
    }

    func begin(_ message: Message, _ completion: @escaping Exchange.Completion) -> @Sendable () -> Void {
        let exchange = makeExchange(message, deadline: nil)
        submit(exchange, completion)
        return { [weak self] in self?.abort(exchange, .cancelled) }
    }

    private func makeExchange(_ message: Message, deadline: ContinuousClock.Instant?) -> Exchange {
        Exchange(
            message: message,
            deadline: deadline,
            connectDeadline: configuration.failFast.map { .now + $0 }
        )
    }

    private enum Admission {
        case useSlot(RequestSlot)
        case openSlot
        case wait
        case refuse(Exchange.AbortReason)
    }

    private func submit(_ exchange: Exchange, _ completion: @escaping Exchange.Completion) {
        guard exchange.message.count <= configuration.maximumMessageSize else {
            let failure = TransportError(
                code: .messageTooLarge,
                message: "The request to \(peerName) has \(exchange.message.count) bytes; "
                    + "the limit is \(configuration.maximumMessageSize)."
            )
            completion(.failure(failure))
            return
        }
        var mustDial = false
        let admission: Admission = state.withLock { state in
            guard case .open = state.phase else { return .refuse(.closed) }
            if let reason = exchange.queue(completion) {
                return .refuse(reason)
            }
            if case .idle = state.link {
                state.link = .dialing(nil)
                mustDial = true
            }
            if let slot = state.idleSlots.popLast() {
                state.busyCount += 1
                return .useSlot(slot)
            }
            if state.busyCount < configuration.maximumExchanges {
                state.busyCount += 1
                return .openSlot
            }
            state.queue.append(exchange)
            return .wait
        }
        if mustDial {
            connecting.async { self.dial() }
        }
        switch admission {
        case .useSlot(let slot):
            start(exchange, on: slot)
        case .openSlot:
            openSlot(for: exchange)
        case .wait:
            ensureCheck(of: exchange)
        case .refuse(let reason):
            completion(.failure(failure(reason, mayHaveBeenSent: false)))
        }
    }

    private func openSlot(for exchange: Exchange) {
        do throws(TransportError) {
            let slot = try RequestSlot(socket: socket) { [unowned(unsafe) self] slot in unsafe completed(slot)
            }
            state.withLock { $0.slots.append(slot) }
            start(exchange, on: slot)
        } catch {
            let completion = exchange.finish().completion
            state.withLock { $0.busyCount -= 1 }
            completion?(.failure(error))
        }
    }

    /// Starts the exchange on the slot, or another that waits if this one has been given up.
    private func start(_ exchange: Exchange, on slot: RequestSlot) {
        var candidate: Exchange? = exchange
        while let exchange = candidate {
            if exchange.beginSending(on: slot) {
                slot.exchange.withLock { $0 = exchange }
                unsafe nng_aio_set_msg(slot.operation, exchange.message.release())
                calls.make { unsafe nng_ctx_send(slot.context, slot.operation) }
                if state.withLock({ $0.phase == .closing }) {
                    // The closing may not have seen it, and waits for it.
                    abort(exchange, .closed)
                }
                exchange.cancelIfAborted()
                ensureCheck(of: exchange)
                return
            }
            candidate = nextExchange(for: slot)
        }
    }

    /// The next caller for a slot that has come free; when there is none the slot is put away.
    private func nextExchange(for slot: RequestSlot) -> Exchange? {
        state.withLock { state in
            if let next = state.queue.popFirst() {
                return next
            }
            state.idleSlots.append(slot)
            state.busyCount -= 1
            return nil
        }
    }

    /// nng's callback: the operation of the slot has ended.
    private func completed(_ slot: RequestSlot) {
        guard let exchange = slot.exchange.withLock({ $0 }) else { return }
        let result = unsafe nng_aio_result(slot.operation)
        switch exchange.phase {
        case .sending where result == 0:
            // The receive is posted here and not together with the send: nng crashes when a receive that
            // was posted before its send was done is cancelled.
            exchange.beginReceiving(on: slot)
            calls.make { unsafe nng_ctx_recv(slot.context, slot.operation) }
            exchange.cancelIfAborted()
        case .sending:
            // What could not be sent is still ours.
            if let message = unsafe nng_aio_get_msg(slot.operation) {
                unsafe nng_aio_set_msg(slot.operation, nil)
                unsafe nng_msg_free(message)
            }
            finish(exchange, slot, result: result, reply: nil, mayHaveBeenSent: false)
        case .receiving:
            let reply =
                unsafe result == 0
                ? nng_aio_get_msg(slot.operation).map { unsafe Message(adopting: $0) } : nil
            unsafe nng_aio_set_msg(slot.operation, nil)
            finish(exchange, slot, result: result, reply: reply, mayHaveBeenSent: true)
        case .created, .queued, .finished:
            break
        }
    }

    private func finish(
        _ exchange: Exchange,
        _ slot: RequestSlot,
        result: Int32,
        reply: Message?,
        mayHaveBeenSent: Bool
    ) {
        let (completion, abortReason) = exchange.finish()
        slot.exchange.withLock { $0 = nil }
        let outcome: Exchange.Outcome =
            if let reply {
                .success(reply)
            } else if result == resultCode(NNG_ECANCELED), let abortReason {
                .failure(failure(abortReason, mayHaveBeenSent: mayHaveBeenSent))
            } else if result == resultCode(NNG_ECLOSED) {
                .failure(failure(.closed, mayHaveBeenSent: mayHaveBeenSent))
            } else {
                .failure(
                    TransportError(
                        result: result,
                        action: "The exchange with \(peerName)",
                        mayHaveBeenSent: mayHaveBeenSent
                    )
                )
            }
        if let next = nextExchange(for: slot) {
            start(next, on: slot)
        }
        completion?(outcome)
    }

    private func abort(_ exchange: Exchange, _ reason: Exchange.AbortReason) {
        if let completion = exchange.abort(reason) {
            completion(.failure(failure(reason, mayHaveBeenSent: false)))
        }
    }

    private func failure(_ reason: Exchange.AbortReason, mayHaveBeenSent: Bool) -> TransportError {
        switch reason {
        case .cancelled:
            return TransportError(
                code: .cancelled,
                message: "The exchange with \(peerName) was cancelled.",
                mayHaveBeenSent: mayHaveBeenSent
            )
        case .timedOut:
            let explanation = mayHaveBeenSent ? nil : connectFailure?.message
            return .timedOut(peerName, mayHaveBeenSent: mayHaveBeenSent, explanation: explanation)
        case .notConnected:
            return connectFailure
                ?? TransportError(code: .timedOut, message: "There is no connection to \(peerName) yet.")
        case .closed:
            return TransportError(
                code: .closed,
                message: "The socket for \(peerName) is closed.",
                mayHaveBeenSent: mayHaveBeenSent
            )
        }
    }

    // MARK: Deadlines

    /// To be called when the exchange is where a look at the deadlines finds it.
    private func ensureCheck(of exchange: Exchange) {
        if let deadline = exchange.firstDeadline {
            deadlines.ensureLook(at: deadline, for: self)
        }
    }

    /// Ends the exchanges whose time is over.
    func endOverdue(at now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        let (exchanges, isConnected) = state.withLock { state in
            let running = state.slots.compactMap { slot in slot.exchange.withLock { $0 } }
            return (running + state.queue.exchanges, state.pipe != nil)
        }
        var upcoming: ContinuousClock.Instant?
        for exchange in exchanges {
            var next = exchange.deadline
            var reason = Exchange.AbortReason.timedOut
            if let deadline = exchange.connectDeadline, !isConnected, exchange.isUnsent,
                next.map({ deadline < $0 }) ?? true
            {
                next = deadline
                reason = .notConnected
            }
            guard let next else { continue }
            if next <= now {
                abort(exchange, reason)
            } else {
                upcoming = min(next, upcoming ?? next)
            }
        }
        return upcoming
    }

    // MARK: The connection

    /// Makes one attempt to connect. Runs on `connecting`, where it may block.
    private func dial() {
        let endpoint: Endpoint? = state.withLock { state in
            guard case .open = state.phase else { return nil }
            guard state.hasDemand else {
                state.link = .idle
                return nil
            }
            state.link = .dialing(nil)
            return state.choice.current
        }
        guard let endpoint else { return }
        let address = endpoint.address
        if endpoint.requiresOwnFolder, case .ipc(let path) = address.transport {
            do throws(TransportError) {
                try SocketFolder(of: path, address: address).refuseForeign()
            } catch {
                let delay = state.withLock { delayAfterFailure(error, &$0) }
                if let delay { scheduleDial(after: delay) }
                checkAfterLoss()
                return
            }
        }
        var dialer = nng_dialer()
        var result = unsafe nng_dialer_create(&dialer, socket, address.description)
        if result == 0 {
            result = configure(dialer, for: endpoint)
        }
        if result == 0 {
            // From here on the closing knows of the dialer, and can cut the attempt short.
            let isOpen = state.withLock { state in
                state.link = .dialing(dialer)
                return state.phase == .open
            }
            if isOpen { limitAttempt(of: dialer) }
            result = isOpen ? nng_dialer_start(dialer, 0) : resultCode(NNG_ECLOSED)
            // Unless all is being closed, the attempt took too long.
            if result == resultCode(NNG_ECLOSED) { result = resultCode(NNG_ETIMEDOUT) }
        }
        let failure =
            address.isTLS
            ? TransportError(tlsResult: result, address: address)
            : TransportError(result: result, action: "Connecting to \(address)")
        let delay: Duration?? = state.withLock { state in
            guard case .open = state.phase else {
                state.link = .idle
                return nil
            }
            if result == 0, state.pipe != nil {
                state.link = .connected
                state.choice.succeed()
                return nil
            }
            guard result == 0 else { return delayAfterFailure(failure, &state) }
            // A connection that nng takes and drops at once is one whose other end is no server of ours.
            let loss = TransportError(
                code: .connectionReset,
                message: "The connection to \(address) was lost as soon as it was made."
            )
            return delayAfterFailure(loss, &state)
        }
        // Outer nil: nothing more to do. Inner nil: nobody needs a connection.
        guard let delay else { return }
        nng_dialer_close(dialer)
        if let delay {
            scheduleDial(after: delay)
        }
        checkAfterLoss()
    }

    private func configure(_ dialer: nng_dialer, for endpoint: Endpoint) -> Int32 {
        switch endpoint.address.transport {
        case .ipc, .inproc:
            return 0
        case .tcp, .tls:
            unsafe nng_dialer_set_bool(dialer, NNG_OPT_TCP_NODELAY, true)
            unsafe nng_dialer_set_bool(dialer, NNG_OPT_TCP_KEEPALIVE, true)
            guard let tls = endpoint.tls else { return 0 }
            return unsafe nng_dialer_set_ptr(
                dialer,
                NNG_OPT_TLS_CONFIG,
                UnsafeMutableRawPointer(tls.configuration)
            )
        }
    }

    /// Cuts the attempt short when it takes so long that another endpoint should be tried.
    private func limitAttempt(of dialer: nng_dialer) {
        let count = configuration.endpoints.count
        guard count > 1 else { return }
        let time = min(configuration.failFast.map { $0 / count } ?? Self.dialingTime, Self.dialingTime)
        let start = max(time - Self.dialingPatience, .zero)
        DispatchQueue.global().asyncAfter(deadline: .now() + start.dispatchInterval) { [weak self] in
            guard let self, isDialing(dialer) else { return }
            // A dialer that is closed just before it is started waits for ever, and the process may have stood still until
            // now: the attempt gets time to get going.
            let end = DispatchTime.now() + Self.dialingPatience.dispatchInterval
            DispatchQueue.global().asyncAfter(deadline: end) { [weak self] in
                self?.endAttempt(of: dialer)
            }
        }
    }

    private func isDialing(_ dialer: nng_dialer) -> Bool {
        state.withLock { state in
            if case .dialing(let current?) = state.link { current.id == dialer.id } else { false }
        }
    }

    /// Cuts an attempt short that still goes on. Until this has returned nobody closes the socket, which nng would free
    /// under the call.
    private func endAttempt(of dialer: nng_dialer) {
        calls.make {
            if isDialing(dialer) { nng_dialer_close(dialer) }
        }
    }

    /// How long to wait before the next attempt, or nil when nobody needs one.
    private func delayAfterFailure(_ failure: TransportError, _ state: inout State) -> Duration? {
        state.choice.fail(failure)
        guard state.hasDemand else {
            state.link = .idle
            return nil
        }
        state.link = .waiting
        guard !state.choice.isWithinRound else { return .zero }
        let pause = min(
            configuration.minimumBackoff * (1 << (min(state.choice.failedRounds, 16) - 1)),
            configuration.maximumBackoff
        )
        return pause * Double.random(in: 0.5...1)
    }

    private func scheduleDial(after delay: Duration) {
        connecting.asyncAfter(deadline: .now() + delay.dispatchInterval) { [weak self] in
            self?.dial()
        }
    }

    /// nng's callback for a connection that stands.
    private static let pipeAdded: nng_pipe_cb = { pipe, _, argument in
        guard let argument = unsafe argument else { return }
        let engine = unsafe Unmanaged<RequestEngine>.fromOpaque(argument).takeUnretainedValue()
        engine.state.withLock { state in
            state.pipe = pipe.id
            state.connectedSince = .now
            state.peer = state.choice.current.address
        }
    }

    /// nng's callback for a connection that is gone.
    ///
    /// Its dialer is closed right here, which does not wait for anything, before nng makes it connect again:
    /// one for ipc stays dead when the server goes during the handshake. nng cannot be told to wait either,
    /// as it takes random numbers for negative pauses half of the time, and an attempt that is then cut short
    /// kills the server's listener.
    private static let pipeRemoved: nng_pipe_cb = { pipe, _, argument in
        nng_dialer_close(nng_pipe_dialer(pipe))
        guard let argument = unsafe argument else { return }
        let engine = unsafe Unmanaged<RequestEngine>.fromOpaque(argument).takeUnretainedValue()
        let wasCurrent = engine.state.withLock { state in
            guard state.pipe == pipe.id else { return false }
            state.pipe = nil
            return state.phase == .open
        }
        if wasCurrent {
            engine.connecting.async { [weak engine] in engine?.connectionLost() }
        }
    }

    /// Connects again, if anybody needs it. Runs on `connecting`.
    private func connectionLost() {
        let delay: Duration? = state.withLock { state in
            guard state.phase == .open, case .connected = state.link, state.pipe == nil else { return nil }
            let loss = TransportError(
                code: .connectionReset,
                message: "The connection to \(state.peerName) was lost."
            )
            // A connection that lasted is replaced at once, one that did not like a failed attempt.
            let lifetime = state.connectedSince?.duration(to: .now) ?? .zero
            if lifetime < configuration.maximumBackoff {
                return delayAfterFailure(loss, &state)
            }
            state.choice.lose(loss)
            state.link = state.hasDemand ? .waiting : .idle
            return state.hasDemand ? .zero : nil
        }
        if let delay {
            scheduleDial(after: delay)
        }
        checkAfterLoss()
    }

    /// Exchanges that wait for a connection may have waited long enough.
    private func checkAfterLoss() {
        if configuration.failFast != nil {
            deadlines.ensureLook(at: .now, for: self)
        }
    }

    // MARK: Closing

    /// Ends all exchanges and frees everything in the background.
    func beginClosing() {
        let pending: ([Exchange], nng_dialer?)? = state.withLock { state in
            guard state.phase == .open else { return nil }
            state.phase = .closing
            let running = state.slots.compactMap { slot in slot.exchange.withLock { $0 } }
            defer { state.queue = CallerQueue() }
            let dialer: nng_dialer? = if case .dialing(let dialer) = state.link { dialer } else { nil }
            return (running + state.queue.exchanges, dialer)
        }
        guard let (exchanges, dialer) = pending else { return }
        for exchange in exchanges {
            abort(exchange, .closed)
        }
        // Behind an attempt to connect that may be going on. This keeps the engine alive until nng has let
        // go of the socket, after which no connection calls back.
        connecting.async { self.closeWhenQuiet(by: .now + Self.quietTime) }
        if let dialer {
            // A dialer that is closed just before it is started waits for ever, so the attempt gets time to
            // get going, which is also enough for most to end.
            DispatchQueue.global().asyncAfter(deadline: .now() + Self.dialingPatience.dispatchInterval) {
                self.endAttempt(of: dialer)
            }
        }
    }

    /// Closes nng's socket when every exchange has ended and no reply is on its way.
    ///
    /// When a connection is closed between the header and the body of a message that comes in, nng's receive
    /// never ends, and the thread that frees connections waits for it for ever, for all sockets of the
    /// process. Replies that take longer than the time are unlikely to hit just that moment.
    private func closeWhenQuiet(by deadline: ContinuousClock.Instant) {
        // Aborted exchanges end by themselves, and nothing starts any more.
        guard state.withLock({ $0.busyCount == 0 }), calls.isQuiet else {
            connecting.asyncAfter(deadline: .now() + Self.quietInterval.dispatchInterval) {
                self.closeWhenQuiet(by: deadline)
            }
            return
        }
        if let pipe = state.withLock({ $0.pipe }),
            let traffic = TransportStatistics()?.traffic[pipe],
            traffic.received < traffic.sent, .now < deadline
        {
            connecting.asyncAfter(deadline: .now() + Self.quietInterval.dispatchInterval) {
                self.closeWhenQuiet(by: deadline)
            }
            return
        }
        DispatchQueue.global().asyncAfter(deadline: .now() + Self.closingTime) { [weak self] in
            self?.closed.happen()
        }
        nng_close(socket)
        let slots = state.withLock { state in
            defer {
                state.slots = []
                state.idleSlots = []
            }
            return state.slots
        }
        for slot in slots {
            slot.free()
        }
        closed.happen()
    }
}

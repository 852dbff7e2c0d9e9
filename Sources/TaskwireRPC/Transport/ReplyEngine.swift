internal import CNNG
internal import Dispatch
internal import Glibc
internal import Synchronization

/// What a ``ReplySocket`` does: the listeners, the connections, the contexts and their receive loops.
///
/// Each loop is a Swift task. One whose request has to wait ends, and another goes on with the context afterwards.
///
/// nng's callbacks refer to the engine without a reference count. It is kept alive by the socket, and from
/// `closeSocket()` on by the closing itself, until nng can no longer call back.
final class ReplyEngine: Sendable {
    typealias Handler = @Sendable (IncomingRequest) async -> RequestAnswer

    /// open → running → stopping → closing; open → stopping when `run` was never called.
    private enum Phase {
        /// Nobody handles requests yet.
        case open
        /// `run` handles requests.
        case running
        /// Loops end as they become idle.
        case stopping
        /// nng's socket is being closed, or is.
        case closing
    }

    private struct State {
        var phase = Phase.open
        var handler: Handler?
        var contexts: [ReplyContext] = []
        /// Contexts that neither have a loop nor wait for an answer.
        var unattended: [ReplyContext] = []
        /// Contexts that have a loop or wait for an answer.
        var attendedCount = 0
        /// The time of grace is over.
        var isCancelled = false
        var connections: [UInt32: Connection] = [:]
        var connectionCounts: [UInt32: Int] = [:]
        /// What is known of each of nng's listeners, by nng's number.
        var listeners: [UInt32: Listener] = [:]
        var ipcListeners: [IPCListener] = []
        var hasEnded = false
    }

    private struct Listener {
        let address: Address
        let number: Int
    }

    let configuration: ReplySocket.Configuration
    /// The bytes of requests and replies.
    let ledger = ByteLedger()

    private let socket: nng_socket
    private let state = Mutex(State())
    private let idleCount: IdleCount
    /// Held while contexts are opened, so that there are not too many.
    private let starting = Mutex(())
    private let calls = NativeCalls()
    private let patience: SendPatience
    /// Happens when the socket is stopping and nobody uses a context any more.
    private let idle = Event()
    /// Happens when everything is freed.
    private let closed = Event()
    /// For what nng's threads must not do themselves, and for the guard of ipc listeners.
    private let queue = DispatchQueue(label: "taskwire.reply")

    /// How many contexts are kept waiting for requests.
    private static let idleTarget = 16
    /// More are opened when fewer than this are left.
    private static let idleReserve = 8
    /// How often the guard looks. Looking takes longer the more connections there are, and then is done less
    /// often.
    private static let guardInterval = Duration.milliseconds(100)...Duration.milliseconds(500)
    /// How long the connections may take to become quiet when the socket is closed.
    private static let quietTime = Duration.seconds(1)
    /// How long nothing must have moved.
    private static let quietInterval = Duration.milliseconds(10)
    /// How long nng may take to close. It never comes to an end when a connection got stuck.
    private static let closingTime = DispatchTimeInterval.seconds(5)

    init(configuration: ReplySocket.Configuration) throws(TransportError) {
        self.configuration = configuration
        patience = SendPatience(
            longest: configuration.sendTimeout,
            crowd: configuration.maximumContexts / 2
        )
        idleCount = IdleCount(reserve: Self.idleReserve)
        var socket = nng_socket()
        let result = unsafe nng_rep0_open(&socket)
        self.socket = socket
        guard result == 0 else {
            throw TransportError(result: result, action: "Opening a server socket")
        }
        let argument = unsafe Unmanaged.passUnretained(self).toOpaque()
        let settings = unsafe [
            // Without this a header that claims 2^64 bytes ends the process. The request's number counts too.
            nng_socket_set_size(
                socket,
                NNG_OPT_RECVMAXSZ,
                configuration.maximumMessageSize + MemoryLayout<UInt32>.size
            ),
            nng_pipe_notify(socket, NNG_PIPE_EV_ADD_PRE, Self.pipeAdded, argument),
            nng_pipe_notify(socket, NNG_PIPE_EV_REM_POST, Self.pipeRemoved, argument),
        ]
        if let failed = settings.first(where: { $0 != 0 }) {
            nng_close(socket)
            throw TransportError(result: failed, action: "Preparing a server socket")
        }
    }

    var connectionCount: Int {
        state.withLock { $0.connections.count }
    }

    // MARK: Listening

    func listen(
        on address: Address,
        options: ListenerOptions
    ) async throws(TransportError) -> Address {
        // Names may have to be looked up, files locked: not for Swift's threads.
        let outcome: Result<Address, TransportError> = await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                continuation.resume(
                    returning: Result { () throws(TransportError) in try self.openListener(address, options) }
                )
            }
        }
        return try outcome.get()
    }

    private func openListener(
        _ address: Address,
        _ options: ListenerOptions
    ) throws(TransportError) -> Address {
        guard state.withLock({ $0.phase == .open || $0.phase == .running }) else {
            throw TransportError(code: .closed, message: "The server for \(address) has been stopped.")
        }
        switch address.transport {
        case .ipc(let path):
            let listener = try IPCListener(
                path: path,
                socket: socket,
                isForEverybody: options.isForEverybody
            ) { [unowned(unsafe) self] id in
                unsafe register(id, address, options)
            }
            let (isTooLate, isFirst) = state.withLock { state in
                guard state.phase == .open || state.phase == .running else { return (true, false) }
                state.ipcListeners.append(listener)
                return (false, state.ipcListeners.count == 1)
            }
            if isTooLate {
                listener.release()
                throw TransportError(code: .closed, message: "The server for \(address) has been stopped.")
            }
            if isFirst {
                scheduleGuard(after: Self.guardInterval.lowerBound)
            }
            return address
        case .tcp(let host, _):
            return try openWithPort(address, options) { port in Address(.tcp(host: host, port: port)) }
        case .tls(let host, _):
            guard let tls = options.tls else {
                throw TransportError(
                    code: .addressInvalid,
                    message: "Cannot listen on \(address) without a certificate and its key."
                )
            }
            return try openWithPort(address, options, tls: tls) { port in
                Address(.tls(host: host, port: port))
            }
        case .inproc:
            _ = try open(address, options) { _ in 0 }
            return address
        }
    }

    /// Listens on a port, which the system may choose; `makeAddress` tells the address with that port.
    private func openWithPort(
        _ address: Address,
        _ options: ListenerOptions,
        tls: TLSCredentials? = nil,
        _ makeAddress: (UInt16) -> Address
    ) throws(TransportError) -> Address {
        let listener = try open(address, options) { listener in
            unsafe nng_listener_set_bool(listener, NNG_OPT_TCP_NODELAY, true)
            unsafe nng_listener_set_bool(listener, NNG_OPT_TCP_KEEPALIVE, true)
            guard let tls else { return 0 }
            return unsafe nng_listener_set_ptr(
                listener,
                NNG_OPT_TLS_CONFIG,
                UnsafeMutableRawPointer(tls.configuration)
            )
        }
        var port: Int32 = 0
        unsafe nng_listener_get_int(listener, NNG_OPT_TCP_BOUND_PORT, &port)
        let bound = makeAddress(UInt16(truncatingIfNeeded: port))
        register(listener.id, bound, options)
        return bound
    }

    private func open(
        _ address: Address,
        _ options: ListenerOptions,
        configure: (nng_listener) -> Int32
    ) throws(TransportError) -> nng_listener {
        var listener = nng_listener()
        var result = unsafe nng_listener_create(&listener, socket, address.description)
        if result == 0 {
            register(listener.id, address, options)
            result = configure(listener)
            if result == 0 {
                result = nng_listener_start(listener, 0)
            }
            if result != 0 {
                nng_listener_close(listener)
            }
        }
        if result == resultCode(NNG_EADDRINUSE) {
            throw TransportError(
                code: .addressInUse,
                message: "Another server is already listening on \(address)."
            )
        }
        guard result == 0 else {
            throw TransportError(result: result, action: "Listening on \(address)")
        }
        return listener
    }

    private func register(_ listener: UInt32, _ address: Address, _ options: ListenerOptions) {
        state.withLock { $0.listeners[listener] = Listener(address: address, number: options.number) }
    }

    private func scheduleGuard(after interval: Duration) {
        queue.asyncAfter(deadline: .now() + interval.dispatchInterval) { [weak self] in
            self?.inspectListeners()
        }
    }

    /// The guard of ipc listeners; see ``IPCListener``.
    private func inspectListeners() {
        let listeners: [IPCListener]? = state.withLock { state in
            state.phase == .closing ? nil : state.ipcListeners
        }
        guard let listeners else { return }
        let duration = ContinuousClock().measure {
            guard let statistics = TransportStatistics() else { return }
            for listener in listeners {
                let closed = listener.inspect(statistics, hasIdleContexts: idleCount.value > 0) { id in
                    state.withLock { $0.connectionCounts[id] ?? 0 }
                }
                state.withLock { state in
                    for id in closed { state.listeners[id] = nil }
                }
            }
        }
        scheduleGuard(
            after: min(max(duration * 20, Self.guardInterval.lowerBound), Self.guardInterval.upperBound)
        )
    }

    // MARK: Connections

    /// nng's callback for a new connection, which it will not use before this returns.
    private static let pipeAdded: nng_pipe_cb = { pipe, _, argument in
        guard let argument = unsafe argument else { return }
        unsafe Unmanaged<ReplyEngine>.fromOpaque(argument).takeUnretainedValue().accept(pipe)
    }

    /// nng's callback for a connection that is gone, also for one that was never accepted.
    private static let pipeRemoved: nng_pipe_cb = { pipe, _, argument in
        guard let argument = unsafe argument else { return }
        unsafe Unmanaged<ReplyEngine>.fromOpaque(argument).takeUnretainedValue().forget(pipe)
    }

    private func accept(_ pipe: nng_pipe) {
        let listenerID = nng_pipe_listener(pipe).id
        guard let listener = state.withLock({ $0.listeners[listenerID] }) else {
            nng_pipe_close(pipe)
            return
        }
        let (peer, origin) = Self.peer(of: pipe, at: listener.address)
        let connection = Connection(
            id: pipe.id,
            listener: listener.address,
            listenerNumber: listener.number,
            listenerID: listenerID,
            peer: peer,
            origin: origin,
            peerUserID: Self.userID(of: pipe, at: listener.address),
            ledger: ByteLedger(partOf: ledger)
        )
        let isWelcome = state.withLock { state in
            guard state.phase == .open || state.phase == .running,
                state.connections.count < configuration.maximumConnections
            else { return false }
            state.connections[pipe.id] = connection
            state.connectionCounts[listenerID, default: 0] += 1
            return true
        }
        if !isWelcome {
            nng_pipe_close(pipe)
        }
    }

    private static func userID(of pipe: nng_pipe, at address: Address) -> UInt32? {
        guard case .ipc = address.transport else { return nil }
        var user: UInt64 = 0
        guard unsafe nng_pipe_get_uint64(pipe, NNG_OPT_IPC_PEER_UID, &user) == 0 else { return nil }
        return UInt32(exactly: user)
    }

    private func forget(_ pipe: nng_pipe) {
        let connection = state.withLock { state -> Connection? in
            guard let connection = state.connections.removeValue(forKey: pipe.id) else { return nil }
            let count = (state.connectionCounts[connection.listenerID] ?? 1) - 1
            state.connectionCounts[connection.listenerID] = count == 0 ? nil : count
            return connection
        }
        if let connection {
            queue.async { connection.cancelScopes() }
        }
    }

    private static func peer(of pipe: nng_pipe, at address: Address) -> (name: String, origin: String) {
        switch address.transport {
        case .ipc:
            var process: UInt64 = 0
            unsafe nng_pipe_get_uint64(pipe, NNG_OPT_IPC_PEER_PID, &process)
            let user = userID(of: pipe, at: address).map { "\($0)" } ?? "unknown"
            return ("ipc uid=\(user) pid=\(process)", "ipc uid=\(user)")
        case .tcp, .tls:
            var remote = nng_sockaddr()
            guard unsafe nng_pipe_get_addr(pipe, NNG_OPT_REMADDR, &remote) == 0,
                let (host, port) = remote.hostAndPort
            else { return ("tcp", "tcp") }
            return ("\(host):\(port)", host)
        case .inproc:
            return ("inproc", "inproc")
        }
    }

    // MARK: Serving

    func run(handler: @escaping Handler) async {
        let mayRun = state.withLock { state in
            guard state.phase == .open else { return false }
            state.phase = .running
            state.handler = handler
            return true
        }
        guard mayRun else { return }
        startLoops()
        await withTaskCancellationHandler {
            await idle.wait()
        } onCancel: {
            beginStopping()
            cancelLoops()
        }
        closeSocket()
        await closed.wait()
    }

    /// Makes up for a shortage of contexts that wait for requests.
    private func startLoops() {
        for context in starting.withLock({ _ in contextsForNewLoops() }) {
            startLoop(context) { await self.serve(context) }
        }
    }

    private func startLoop(_ context: ReplyContext, _ loop: @escaping @Sendable () async -> Void) {
        context.startLoop(loop)
        if state.withLock({ $0.isCancelled }) { context.cancelLoop() }
    }

    /// Contexts that need a loop: enough of them to have `idleTarget` waiting for requests.
    private func contextsForNewLoops() -> [ReplyContext] {
        idleCount.rearm()
        let missing = Self.idleTarget - idleCount.value
        guard missing > 0 else { return [] }
        var (contexts, room) = state.withLock { state in
            let taken = Array(state.unattended.suffix(missing))
            state.unattended.removeLast(taken.count)
            return (taken, configuration.maximumContexts - state.contexts.count)
        }
        while contexts.count < missing, room > 0 {
            // Without memory for another the ones that there are must do.
            guard
                let context = try? ReplyContext(
                    socket: socket,
                    patience: patience,
                    idleCount: idleCount,
                    calls: calls,
                    connection: { [unowned(unsafe) self] id in unsafe state.withLock { $0.connections[id] } },
                    onShortage: { [unowned(unsafe) self] in
                        let engine = unsafe self
                        Task { engine.startLoops() }
                    }
                )
            else { break }
            state.withLock { $0.contexts.append(context) }
            contexts.append(context)
            room -= 1
        }
        let isRunning = state.withLock { state in
            guard state.phase == .running else { return false }
            state.attendedCount += contexts.count
            return true
        }
        guard isRunning else { return [] }
        for context in contexts { context.countAsIdle() }
        return contexts
    }

    /// A receive loop: the one task that uses the context.
    private func serve(_ context: ReplyContext) async {
        guard let handler = state.withLock({ $0.handler }) else { return }
        var reply: Message?
        var connection: Connection?
        while let delivery = await context.nextRequest(replying: reply, on: connection) {
            connection = delivery.connection
            reply = nil
            // A request whose connection is gone already has nobody to answer to.
            guard let connection else { continue }
            switch await handler(IncomingRequest(message: delivery.message, connection: connection)) {
            case .reply(let message):
                reply = accepted(message, for: connection)
            case .pending(let answer):
                park(ParkedRequest(context: context, connection: connection, answer: answer))
                return
            }
            if Task.isCancelled {
                // The next request deserves a task that is not cancelled.
                if let reply {
                    await context.conclude(replying: reply, on: connection)
                }
                break
            }
        }
        leave(context)
    }

    /// Has no loop for the context until there is more to say to its request.
    private func park(_ request: ParkedRequest) {
        request.context.endLoop()
        request.whenReady {
            self.startLoop(request.context) { await self.resume(request) }
        }
    }

    /// Goes on with a request that was parked. Its context then waits for another request only if there are too few that
    /// do: very many may have been parked, and take less memory without a loop.
    private func resume(_ request: ParkedRequest) async {
        switch await request.answer.answer() {
        case .reply(let message):
            if let reply = accepted(message, for: request.connection) {
                await request.context.conclude(replying: reply, on: request.connection)
            }
            leave(request.context)
        case .pending(let answer):
            park(ParkedRequest(context: request.context, connection: request.connection, answer: answer))
        }
    }

    /// The reply, if it may be sent.
    private func accepted(_ reply: Message?, for connection: Connection) -> Message? {
        guard let reply, reply.count <= configuration.maximumMessageSize else { return nil }
        connection.replyCount.add(1, ordering: .relaxed)
        return reply
    }

    /// The context has no loop any more, and its request is answered.
    private func leave(_ context: ReplyContext) {
        context.endLoop()
        let isLast = state.withLock { state in
            state.attendedCount -= 1
            state.unattended.append(context)
            return state.phase != .running && state.attendedCount == 0
        }
        if isLast {
            idle.happen()
        } else if idleCount.value < Self.idleReserve {
            startLoops()
        }
    }

    private func cancelLoops() {
        let contexts = state.withLock { state in
            state.isCancelled = true
            return state.contexts
        }
        for context in contexts { context.cancelLoop() }
    }

    // MARK: Stopping

    func stop(grace: Duration) async {
        beginStopping()
        queue.asyncAfter(deadline: .now() + grace.dispatchInterval) { [weak self] in
            self?.cancelLoops()
        }
        if state.withLock({ $0.handler == nil }) {
            closeSocket()
        }
        await closed.wait()
    }

    /// Frees everything when the owner is gone; `run` cannot be going on then.
    func abandon() {
        beginStopping()
        closeSocket()
    }

    private func beginStopping() {
        let (contexts, listeners, connections, isIdle) = state.withLock {
            state -> ([ReplyContext], [IPCListener], [Connection], Bool) in
            guard state.phase == .open || state.phase == .running else { return ([], [], [], false) }
            state.phase = .stopping
            return (
                state.contexts, state.ipcListeners, Array(state.connections.values), state.attendedCount == 0
            )
        }
        for listener in listeners {
            listener.withdraw()
        }
        for context in contexts {
            context.stop()
        }
        // Who waits for something may wait for ever; the client is better off with another server.
        for connection in connections {
            connection.cancelScopes()
        }
        if isIdle {
            idle.happen()
        }
    }

    private func closeSocket() {
        let isFirst = state.withLock { state in
            defer { state.phase = .closing }
            return state.phase != .closing
        }
        guard isFirst else { return }
        // Keeps the engine alive until nng has let go of it.
        queue.async { self.closeWhenQuiet(by: .now + Self.quietTime, lastTraffic: nil) }
    }

    /// Closes nng's socket when the replies have left and nothing moves any more.
    ///
    /// nng takes a reply before it has written all of it, and forgets the rest when it closes. Worse, when a
    /// connection is closed between the header and the body of a message that comes in, the receive never
    /// ends, and the thread that frees connections waits for it for ever, for all sockets of the process.
    /// Now that no context receives, nng reads one more request of each connection at most, so quiet comes.
    private func closeWhenQuiet(
        by deadline: ContinuousClock.Instant,
        lastTraffic: [UInt32: TransportStatistics.Traffic]?
    ) {
        let connections = state.withLock { $0.connections }
        let traffic = TransportStatistics()?.traffic.filter { connections[$0.key] != nil } ?? [:]
        let hasLeft = connections.allSatisfy { id, connection in
            if case .inproc = connection.listener.transport { return true }
            guard let traffic = traffic[id] else { return true }
            return traffic.sent >= connection.replyCount.load(ordering: .relaxed)
        }
        let isQuiet = hasLeft && (traffic.isEmpty || traffic == lastTraffic)
        guard calls.isQuiet, isQuiet || deadline <= .now else {
            queue.asyncAfter(deadline: .now() + Self.quietInterval.dispatchInterval) {
                self.closeWhenQuiet(by: deadline, lastTraffic: traffic)
            }
            return
        }
        let listeners = state.withLock { $0.ipcListeners }
        DispatchQueue.global().asyncAfter(deadline: .now() + Self.closingTime) { [weak self] in
            self?.endClosing(listeners)
        }
        nng_close(socket)
        let contexts = state.withLock { state in
            defer {
                state.contexts = []
                state.unattended = []
            }
            return state.contexts
        }
        for context in contexts {
            context.free()
        }
        endClosing(listeners)
    }

    /// Gives the paths back and lets those go on who wait for the end.
    private func endClosing(_ listeners: [IPCListener]) {
        let isFirst = state.withLock { state in
            defer { state.hasEnded = true }
            return !state.hasEnded
        }
        guard isFirst else { return }
        for listener in listeners {
            listener.release()
        }
        closed.happen()
    }
}

internal import CNNG
internal import Dispatch
internal import Synchronization

/// The engine of a ``ReplySocket``: the listeners, the connections, and the calls that are carried out.
final class ReplyEngine: DeadlineKeeper {
    /// open → running → stopping → closing; open → stopping when `run` was never called.
    private enum Phase {
        /// Nobody handles requests yet, and nobody is let in.
        case open
        /// `run` handles requests.
        case running
        /// Nobody new is let in. Calls are carried out to their end.
        case stopping
        /// The connections are being closed, or are.
        case closing
    }

    private struct State {
        var phase = Phase.open
        var service: (any RequestService)?
        var listeners: [StreamListener] = []
        var clients: [ObjectIdentifier: ClientLink] = [:]
        var hasEnded = false
    }

    let configuration: ReplySocket.Configuration
    /// The bytes of requests and replies.
    let ledger = ByteLedger()

    private let state = Mutex(State())
    fileprivate let tasks = HandlerTasks()
    /// Calls that have begun and not ended.
    private let callCount = Atomic(0)
    /// True if `idle` happens as soon as there is no call.
    private let isStopping = Atomic(false)
    private let deadlines = DeadlineWatch()
    /// Happens when the socket is stopping and no call is carried out any more.
    private let idle = Event()
    /// Happens when everything is freed.
    private let closed = Event()
    /// For what nng's threads must not do themselves.
    private let queue = DispatchQueue(label: "taskwire.reply")

    /// The time that replies have to leave when the socket is closed.
    private static let drainingTime = Duration.seconds(1)
    /// The pause between two looks at whether they have left, and the time that peers have to read them.
    private static let drainingInterval = Duration.milliseconds(10)

    init(configuration: ReplySocket.Configuration) {
        self.configuration = configuration
    }

    var connectionCount: Int {
        state.withLock { $0.clients.count }
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
        let stopped = TransportError(code: .closed, message: "The server for \(address) has been stopped.")
        guard state.withLock({ $0.phase == .open || $0.phase == .running }) else { throw stopped }
        if address.isTLS, options.tls == nil {
            throw TransportError(
                code: .addressInvalid,
                message: "Cannot listen on \(address) without a certificate and its key."
            )
        }
        let listener = try unsafe StreamListener(address, options: options) { [weak self] stream, bound in
            if let self { unsafe accept(stream, at: bound, options) } else { unsafe nng_stream_free(stream) }
        }
        let phase = state.withLock { state in
            if state.phase == .open || state.phase == .running { state.listeners.append(listener) }
            return state.phase
        }
        switch phase {
        case .open: break
        case .running: listener.start()
        case .stopping, .closing:
            listener.release()
            throw stopped
        }
        return listener.address
    }

    // MARK: Connections

    /// A client has connected. Runs on nng's threads.
    private func accept(_ stream: OpaquePointer, at address: Address, _ options: ListenerOptions) {
        guard let service = state.withLock({ $0.service }) else { return unsafe nng_stream_free(stream) }
        let client = ClientLink(engine: self, service: service)
        let connection: SPConnection
        let ledger = ByteLedger(partOf: ledger)
        do throws(TransportError) {
            connection = unsafe try SPConnection(
                stream: stream,
                configuration: .init(
                    framing: address.framing,
                    isTLS: address.isTLS,
                    role: .replier,
                    maximumMessageSize: configuration.maximumMessageSize,
                    maximumSkippedSize: configuration.maximumSkippedSize,
                    limits: configuration.connectionLimits
                ),
                ledger: ledger,
                owner: client
            )
        } catch {
            // There is no memory for it, and the client sees its connection end.
            return
        }
        let (peer, origin) = Self.peer(of: connection, at: address)
        client.connection = connection
        client.identity = Connection(
            listener: address,
            listenerNumber: options.number,
            peer: peer,
            origin: origin,
            peerUserID: Self.userID(of: connection, at: address),
            ledger: ledger
        )
        let isWelcome = state.withLock { state in
            guard state.phase == .running, state.clients.count < configuration.maximumConnections else {
                return false
            }
            state.clients[ObjectIdentifier(client)] = client
            return true
        }
        // Before a greeting, so that the client turns to another server and sends nothing in vain.
        guard isWelcome else { return connection.close() }
        connection.start()
        deadlines.ensureLook(at: .now + configuration.connectionLimits.greetingTime, for: self)
    }

    private static func userID(of connection: SPConnection, at address: Address) -> UInt32? {
        guard address.framing == .ipc else { return nil }
        return connection.number(NNG_OPT_IPC_PEER_UID).flatMap(UInt32.init(exactly:))
    }

    private static func peer(of connection: SPConnection, at address: Address) -> (
        name: String, origin: String
    ) {
        switch address.framing {
        case .ipc:
            let process = connection.number(NNG_OPT_IPC_PEER_PID) ?? 0
            let user = userID(of: connection, at: address).map { "\($0)" } ?? "unknown"
            return ("ipc uid=\(user) pid=\(process)", "ipc uid=\(user)")
        case .tcp:
            guard let (host, port) = connection.remoteAddress?.hostAndPort else { return ("tcp", "tcp") }
            return ("\(host):\(port)", host)
        }
    }

    fileprivate func forget(_ client: ClientLink) {
        let isLast = state.withLock { state in
            state.clients[ObjectIdentifier(client)] = nil
            return state.phase == .closing && state.clients.isEmpty
        }
        if isLast { endClosing() }
    }

    fileprivate func cancelScopes(of connection: Connection) {
        queue.async { connection.cancelScopes() }
    }

    fileprivate func watch(_ deadline: ContinuousClock.Instant) {
        deadlines.ensureLook(at: deadline, for: self)
    }

    /// Closes connections whose peers keep them waiting.
    func endOverdue(at now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        let clients = state.withLock { $0.clients.values }
        return clients.compactMap { $0.connection?.endOverdue(at: now) }.min()
    }

    // MARK: Serving

    func run(_ service: any RequestService) async {
        let listeners: [StreamListener]? = state.withLock { state in
            guard state.phase == .open else { return nil }
            state.phase = .running
            state.service = service
            return state.listeners
        }
        guard let listeners else { return }
        for listener in listeners { listener.start() }
        await withTaskCancellationHandler {
            await idle.wait()
        } onCancel: {
            beginStopping()
            tasks.cancelAll()
        }
        beginClosing()
        await closed.wait()
    }

    /// So many calls have begun.
    fileprivate func beginCalls(_ count: Int) {
        callCount.add(count, ordering: .sequentiallyConsistent)
    }

    /// So many calls have ended.
    fileprivate func endCalls(_ count: Int) {
        let isLast = callCount.subtract(count, ordering: .sequentiallyConsistent).newValue == 0
        if isLast, isStopping.load(ordering: .sequentiallyConsistent) { idle.happen() }
    }

    // MARK: Stopping

    func stop(grace: Duration) async {
        beginStopping()
        queue.asyncAfter(deadline: .now() + grace.dispatchInterval) { [tasks] in tasks.cancelAll() }
        if state.withLock({ $0.service == nil }) { beginClosing() }
        await closed.wait()
    }

    /// Frees everything when the owner is gone; `run` cannot be going on then.
    func abandon() {
        beginStopping()
        beginClosing()
    }

    private func beginStopping() {
        let (listeners, clients) = state.withLock { state -> ([StreamListener], [ClientLink]) in
            guard state.phase == .open || state.phase == .running else { return ([], []) }
            state.phase = .stopping
            return (state.listeners, Array(state.clients.values))
        }
        for listener in listeners { listener.close() }
        // Who waits for something may wait for ever; the client is better off with another server.
        for client in clients { client.identity?.cancelScopes() }
        isStopping.store(true, ordering: .sequentiallyConsistent)
        if callCount.load(ordering: .sequentiallyConsistent) == 0 { idle.happen() }
    }

    private func beginClosing() {
        let clients: [ClientLink]? = state.withLock { state in
            guard state.phase != .closing else { return nil }
            state.phase = .closing
            return Array(state.clients.values)
        }
        guard let clients else { return }
        for client in clients { client.connection?.drain() }
        queue.async { self.closeWhenDrained(clients, by: .now + Self.drainingTime, wasDrained: false) }
    }

    /// Closes the connections when the replies have left, and the other ends had time to read them.
    private func closeWhenDrained(
        _ clients: [ClientLink],
        by deadline: ContinuousClock.Instant,
        wasDrained: Bool
    ) {
        let isDrained = clients.allSatisfy { $0.connection?.isDrained ?? true }
        guard isDrained && wasDrained || clients.isEmpty || deadline <= .now else {
            queue.asyncAfter(deadline: .now() + Self.drainingInterval.dispatchInterval) {
                self.closeWhenDrained(clients, by: deadline, wasDrained: isDrained)
            }
            return
        }
        for client in clients { client.connection?.close() }
        if state.withLock({ $0.clients.isEmpty }) { endClosing() }
    }

    /// Gives the paths back and lets those go on who wait for the end.
    private func endClosing() {
        let listeners = state.withLock { state -> [StreamListener]? in
            defer { state.hasEnded = true }
            return state.hasEnded ? nil : state.listeners
        }
        guard let listeners else { return }
        for listener in listeners { listener.release() }
        state.withLock { $0.listeners = [] }
        closed.happen()
    }
}

/// A client's connection, seen from the engine. It keeps the engine alive until the connection is freed.
///
/// `@unchecked Sendable` is safe: what changes is set once, before the connection starts.
private final class ClientLink: SPConnectionOwner, @unchecked Sendable {
    let engine: ReplyEngine
    let service: any RequestService
    var connection: SPConnection?
    var identity: Connection?

    init(engine: ReplyEngine, service: any RequestService) {
        self.engine = engine
        self.service = service
    }

    func connectionOpened(_ connection: SPConnection) {}

    func connection(
        _ connection: SPConnection,
        received deliveries: [SPDelivery],
        in input: SPInput
    ) {
        guard let identity else { return }
        engine.beginCalls(deliveries.count)
        var requests = IncomingRequests(deliveries, in: input, on: identity, to: self)
        service.serve(&requests)
        requests.end()
    }

    func connection(_ connection: SPConnection, admits byteCount: Int, ofWhichCounted counted: Int) -> Bool {
        guard let identity else { return true }
        return service.admits(byteCount, ofWhichCounted: counted, from: identity)
    }

    func connectionHasRoom(_ connection: SPConnection) {}

    func connectionHasDeadline(_ deadline: ContinuousClock.Instant) { engine.watch(deadline) }

    func connectionClosed(_ connection: SPConnection, _ closure: SPClosure) {
        if let identity { engine.cancelScopes(of: identity) }
    }

    func connectionFreed(_ connection: SPConnection) { engine.forget(self) }
}

extension ClientLink: ReplyOutlet {
    var framing: SPProtocol.Framing { connection?.configuration.framing ?? .ipc }

    var maximumMessageSize: Int { engine.configuration.maximumMessageSize }

    func send(_ replies: inout ByteBuffer, endingCalls callCount: Int) {
        connection?.send(&replies, endingCalls: callCount)
        engine.endCalls(callCount)
    }

    func serve(_ body: () -> Void) {
        CallbackExecutor.runCallback(body)
    }

    func finish(_ header: SPHeader, with answer: RequestAnswer) {
        guard let connection, let identity else { return }
        switch answer {
        case .reply(let message):
            if let message, message.count <= maximumMessageSize {
                connection.send(header, message, isReply: true, isLone: false)
            } else {
                connection.endCall()
            }
            engine.endCalls(1)
        case .pending(let answer):
            let parked = ParkedRequest(answer, on: identity)
            parked.whenReady {
                self.engine.tasks.run { self.finish(header, with: await answer.answer()) }
            }
        }
    }

    func answer(_ header: SPHeader, _ answer: @escaping @Sendable () async -> RequestAnswer) {
        engine.tasks.runNow { self.finish(header, with: await answer()) }
    }
}

internal import CNNG
internal import Dispatch
internal import Synchronization

/// The engine of a ``RequestSocket``: the calls in flight, those that wait, the connection and the deadlines.
final class RequestEngine: DeadlineKeeper {
    fileprivate struct State {
        var isOpen = true
        var link: RequestLink
        /// The attempt that is going on, until its stream stands.
        var dial: StreamDial?
        /// The connection that stands or is being greeted.
        var connection: ServerLink?
        /// Connections that still have a descriptor.
        var heldCount = 0
        /// True while the connection has so much to send that more waits here.
        var isFull = false
        /// Exchanges that were sent and not answered, by number.
        var inFlight: [UInt32: Exchange] = [:]
        var queue = CallerQueue()
        var lastID = UInt32.random(in: 0...UInt32.max)
        /// The server of the connection, or of the last one.
        var peer: Address?
        /// The number of connections so far.
        var connectionCount: UInt64 = 0

        /// Whom an exchange is or was with, for people.
        var peerName: String { peer?.description ?? link.choice.description }

        var hasDemand: Bool { !inFlight.isEmpty || !queue.isEmpty }

        var isConnected: Bool {
            if case .connected = link.phase { true } else { false }
        }
    }

    let configuration: RequestSocket.Configuration
    /// Happens when everything is freed.
    let closed = Event()

    private let state: Mutex<State>
    /// For what may block: a look at a folder, preparing an attempt.
    private let connecting = DispatchQueue(label: "taskwire.request.connecting")
    private let deadlines = DeadlineWatch()

    /// The time that a server has to accept and greet, where there is no other to turn to.
    private static let greetingTime = Duration.seconds(10)
    /// The time of an attempt where there are other endpoints: the system takes two minutes for a machine that is gone.
    private static let dialingTime = Duration.seconds(5)
    /// A reply of so many times the largest is skipped, so that its caller can be told and the others are not lost.
    private static let skippedMessages = 8
    /// Bytes that may wait to be sent before calls wait here.
    private static let maximumUnsentSize = 8 << 20

    init(configuration: RequestSocket.Configuration) {
        self.configuration = configuration
        let link = RequestLink(
            endpoints: configuration.endpoints,
            backoff: .init(minimum: configuration.minimumBackoff, maximum: configuration.maximumBackoff)
        )
        state = Mutex(State(link: link))
    }

    var isConnected: Bool {
        state.withLock { $0.isConnected }
    }

    var connectFailure: TransportError? {
        state.withLock { $0.isConnected ? nil : $0.link.choice.failure }
    }

    var peer: Address? {
        state.withLock { $0.peer }
    }

    var peerName: String {
        state.withLock { $0.peerName }
    }

    var connectionCount: UInt64 {
        state.withLock { $0.connectionCount }
    }

    // MARK: Exchanges

    func exchange(
        _ message: Message,
        deadline: ContinuousClock.Instant?
    ) async throws(TransportError) -> Message {
        guard message.count <= configuration.maximumMessageSize else {
            throw TransportError(
                code: .messageTooLarge,
                message: "The request to \(peerName) has \(message.count) bytes; "
                    + "the limit is \(configuration.maximumMessageSize)."
            )
        }
        let exchange = Exchange(
            message: message,
            deadline: deadline,
            connectDeadline: configuration.failFast.map { .now + $0 }
        )
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { submit(exchange, $0) }
        } onCancel: {
            abort(exchange, .cancelled)
        }
        return try outcome.get()
    }

    private enum Submission {
        case send(UInt32, SPConnection, isLone: Bool)
        case wait(mustDial: Bool)
        case refuse(Exchange.AbortReason)
    }

    private func submit(_ exchange: Exchange, _ continuation: CheckedContinuation<Exchange.Outcome, Never>) {
        let submission: Submission = state.withLock { state in
            guard state.isOpen else { return .refuse(.closed) }
            if let reason = exchange.abortReason { return .refuse(reason) }
            exchange.continuation = continuation
            if state.queue.isEmpty, let connection = state.freeConnection(configuration) {
                let id = state.send(exchange)
                return .send(id, connection, isLone: state.inFlight.count == 1)
            }
            exchange.phase = .queued
            state.queue.append(exchange)
            return .wait(mustDial: state.link.demand())
        }
        switch submission {
        case .send(let id, let connection, let isLone):
            send(exchange, id, on: connection, isLone: isLone)
        case .wait(let mustDial):
            if mustDial { connecting.async { self.dial() } }
        case .refuse(let reason):
            continuation.resume(returning: .failure(failure(reason, mayHaveBeenSent: false)))
            return
        }
        if let deadline = exchange.firstDeadline { deadlines.ensureLook(at: deadline, for: self) }
    }

    private func send(_ exchange: Exchange, _ id: UInt32, on connection: SPConnection, isLone: Bool) {
        let isFull = connection.send(
            SPHeader(requestID: id),
            exchange.message,
            isReply: false,
            isLone: isLone
        )
        if isFull {
            // Under the lock, so that the news that there is room again comes before or after.
            state.withLock { $0.isFull = connection.isFull }
        }
    }

    /// Sends what waits for room, as far as there is some.
    private func sendQueued() {
        while true {
            let next = state.withLock { state -> (Exchange, UInt32, SPConnection)? in
                while let connection = state.freeConnection(configuration),
                    let exchange = state.queue.popFirst()
                {
                    guard !exchange.isFinished else { continue }
                    return (exchange, state.send(exchange), connection)
                }
                return nil
            }
            guard let (exchange, id, connection) = next else { return }
            send(exchange, id, on: connection, isLone: false)
        }
    }

    private func abort(_ exchange: Exchange, _ reason: Exchange.AbortReason) {
        let (continuation, wasSent) = state.withLock { state in
            switch exchange.phase {
            case .created:
                exchange.abortReason = reason
            case .sent(let id):
                state.inFlight[id] = nil
                return (exchange.finish(), true)
            case .queued, .finished:
                break
            }
            return (exchange.phase == .queued ? exchange.finish() : nil, false)
        }
        guard let continuation else { return }
        continuation.resume(returning: .failure(failure(reason, mayHaveBeenSent: wasSent)))
        if wasSent { sendQueued() }
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

    /// Ends the exchanges whose time is over, and the connection whose server keeps it waiting.
    func endOverdue(at now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        let (exchanges, isConnected, connection) = state.withLock { state in
            (
                Array(state.inFlight.values) + state.queue.exchanges, state.isConnected,
                state.connection?.connection
            )
        }
        var upcoming = connection?.endOverdue(at: now)
        for exchange in exchanges {
            var next = exchange.deadline
            var reason = Exchange.AbortReason.timedOut
            if let deadline = exchange.connectDeadline, !isConnected, next.map({ deadline < $0 }) ?? true,
                state.withLock({ _ in exchange.isUnsent })
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

    fileprivate func watch(_ deadline: ContinuousClock.Instant) {
        deadlines.ensureLook(at: deadline, for: self)
    }

    // MARK: The connection

    /// Makes one attempt to connect. Runs on `connecting`.
    private func dial() {
        let endpoint = state.withLock { state in
            state.isOpen ? state.link.attempt(hasDemand: state.hasDemand) : nil
        }
        guard let endpoint else { return }
        let address = endpoint.address
        do throws(TransportError) {
            if endpoint.requiresOwnFolder, case .ipc(let path) = address.transport {
                try SocketFolder(of: path, address: address).refuseForeign()
            }
            let timeout = attemptTime
            let deadline = ContinuousClock.now + timeout
            let dial = try StreamDial(to: endpoint) { [self] outcome in
                switch outcome {
                case .stream(let stream):
                    unsafe greet(stream, endpoint, by: deadline)
                case .failure(let result):
                    state.withLock { $0.dial = nil }
                    attemptFailed(TransportError(connectResult: result, address: address))
                }
            }
            let isOpen = state.withLock { state in
                if state.isOpen { state.dial = dial }
                return state.isOpen
            }
            dial.start(timeout: timeout)
            if !isOpen { dial.cancel() }
        } catch {
            attemptFailed(error)
        }
    }

    /// The time of an attempt, the server's greeting included.
    private var attemptTime: Duration {
        let count = configuration.endpoints.count
        guard count > 1 else { return Self.greetingTime }
        return min(configuration.failFast.map { $0 / count } ?? Self.dialingTime, Self.dialingTime)
    }

    /// A stream stands: now it is the server's turn to greet.
    private func greet(_ stream: OpaquePointer, _ endpoint: Endpoint, by deadline: ContinuousClock.Instant) {
        let link = ServerLink(engine: self, endpoint: endpoint)
        var limits = SPConnectionState.Limits()
        limits.greetingTime = max(ContinuousClock.now.duration(to: deadline), .milliseconds(1))
        limits.sendTime = configuration.sendTimeout
        limits.maximumUnsentSize = Self.maximumUnsentSize
        do throws(TransportError) {
            let connection = unsafe try SPConnection(
                stream: stream,
                configuration: .init(
                    framing: endpoint.address.framing,
                    isTLS: endpoint.address.isTLS,
                    role: .requester,
                    maximumMessageSize: configuration.maximumMessageSize,
                    maximumSkippedSize: configuration.maximumMessageSize * Self.skippedMessages,
                    limits: limits
                ),
                ledger: nil,
                owner: link
            )
            link.connection = connection
            let isOpen = state.withLock { state in
                state.dial = nil
                state.connection = link
                state.heldCount += 1
                return state.isOpen
            }
            connection.start()
            if !isOpen { connection.close() }
            deadlines.ensureLook(at: deadline, for: self)
        } catch {
            state.withLock { $0.dial = nil }
            attemptFailed(error)
        }
    }

    private func attemptFailed(_ failure: TransportError) {
        let (delay, isOpen): (Duration?, Bool) = state.withLock { state in
            guard state.isOpen else { return (nil, false) }
            return (state.link.fail(failure, hasDemand: state.hasDemand), true)
        }
        guard isOpen else { return endClosing() }
        retry(after: delay)
    }

    private func retry(after delay: Duration?) {
        if let delay {
            connecting.asyncAfter(deadline: .now() + delay.dispatchInterval) { [weak self] in self?.dial() }
        }
        // Exchanges that wait for a connection may have waited long enough.
        if configuration.failFast != nil {
            deadlines.ensureLook(at: .now, for: self)
        }
    }

    fileprivate func opened(_ link: ServerLink) {
        state.withLock { state in
            guard state.isOpen, state.connection === link else { return }
            state.link.succeed(at: .now)
            state.peer = link.endpoint.address
            state.connectionCount += 1
            state.isFull = false
        }
        sendQueued()
    }

    fileprivate func received(_ deliveries: [SPDelivery]) {
        let ended = state.withLock { state in
            deliveries.compactMap {
                delivery -> (CheckedContinuation<Exchange.Outcome, Never>, Exchange.Outcome)? in
                // A reply to a request that was given up belongs to nobody.
                guard let exchange = state.inFlight.removeValue(forKey: delivery.header.requestID),
                    let continuation = exchange.finish()
                else { return nil }
                return (continuation, outcome(of: delivery, from: state.peerName))
            }
        }
        for (continuation, outcome) in ended { continuation.resume(returning: outcome) }
        sendQueued()
    }

    private func outcome(of delivery: SPDelivery, from peerName: @autoclosure () -> String)
        -> Exchange.Outcome
    {
        switch delivery {
        case .message(_, let message):
            .success(message)
        case .tooLarge(_, let byteCount):
            .failure(
                TransportError(
                    code: .messageTooLarge,
                    message: "The reply of \(peerName()) has \(byteCount) bytes; "
                        + "the limit is \(configuration.maximumMessageSize).",
                    mayHaveBeenSent: true
                )
            )
        case .noMemory(_, let byteCount):
            .failure(
                TransportError(
                    code: .outOfMemory,
                    message:
                        "There is no memory for the reply of \(peerName()), which has \(byteCount) bytes.",
                    mayHaveBeenSent: true
                )
            )
        }
    }

    fileprivate func hasRoom() {
        state.withLock { $0.isFull = false }
        sendQueued()
    }

    fileprivate func lost(_ link: ServerLink, _ closure: SPClosure) {
        let (continuations, delay, failure, isOpen) = state.withLock { state in
            guard state.connection === link else {
                return ([], nil, nil, true)
                    as (
                        [CheckedContinuation<Exchange.Outcome, Never>], Duration?, TransportError?, Bool
                    )
            }
            state.connection = nil
            let continuations = state.inFlight.values.compactMap { $0.finish() }
            state.inFlight = [:]
            let loss = TransportError(
                result: resultCode(NNG_ECONNRESET),
                action: "The exchange with \(state.peerName)",
                mayHaveBeenSent: true
            )
            guard state.isOpen else { return (continuations, nil, loss, false) }
            let failure = TransportError(closure, address: link.endpoint.address, wasOpen: state.isConnected)
            let delay =
                state.isConnected
                ? state.link.lose(failure, at: .now, hasDemand: state.hasDemand)
                : state.link.fail(failure, hasDemand: state.hasDemand)
            return (continuations, delay, loss, true)
        }
        if let failure {
            for continuation in continuations { continuation.resume(returning: .failure(failure)) }
        }
        if isOpen { retry(after: delay) }
    }

    // MARK: Closing

    /// Ends all exchanges and frees everything in the background.
    func beginClosing() {
        let (exchanges, dial, connection) = state.withLock {
            state -> ([Exchange], StreamDial?, SPConnection?) in
            guard state.isOpen else { return ([], nil, nil) }
            state.isOpen = false
            defer { state.queue = CallerQueue() }
            return (
                Array(state.inFlight.values) + state.queue.exchanges, state.dial, state.connection?.connection
            )
        }
        for exchange in exchanges { abort(exchange, .closed) }
        dial?.cancel()
        connection?.close()
        endClosing()
    }

    fileprivate func freed() {
        state.withLock { $0.heldCount -= 1 }
        endClosing()
    }

    private func endClosing() {
        let hasEnded = state.withLock { !$0.isOpen && $0.dial == nil && $0.heldCount == 0 }
        if hasEnded { closed.happen() }
    }
}

extension RequestEngine.State {
    /// The connection, if another request may be sent on it.
    fileprivate func freeConnection(_ configuration: RequestSocket.Configuration) -> SPConnection? {
        isConnected && !isFull && inFlight.count < configuration.maximumExchanges
            ? connection?.connection : nil
    }

    /// Gives the exchange a number: queued → sent.
    fileprivate mutating func send(_ exchange: Exchange) -> UInt32 {
        repeat {
            lastID = (lastID &+ 1) | SPProtocol.requestBit
        } while inFlight[lastID] != nil
        inFlight[lastID] = exchange
        exchange.phase = .sent(lastID)
        return lastID
    }
}

extension Exchange {
    /// → finished. Returns whom to tell, once.
    fileprivate func finish() -> CheckedContinuation<Outcome, Never>? {
        phase = .finished
        return continuation.take()
    }
}

/// A connection to a server, seen from the engine. It keeps the engine alive until the connection is freed.
///
/// `@unchecked Sendable` is safe: the connection is set once, before it starts.
private final class ServerLink: SPConnectionOwner, @unchecked Sendable {
    let engine: RequestEngine
    let endpoint: Endpoint
    var connection: SPConnection?

    init(engine: RequestEngine, endpoint: Endpoint) {
        self.engine = engine
        self.endpoint = endpoint
    }

    func connectionOpened(_ connection: SPConnection) { engine.opened(self) }

    func connection(_ connection: SPConnection, received deliveries: [SPDelivery]) {
        engine.received(deliveries)
    }

    func connection(_ connection: SPConnection, admits byteCount: Int, ofWhichCounted counted: Int) -> Bool {
        true
    }

    func connectionHasRoom(_ connection: SPConnection) { engine.hasRoom() }

    func connectionHasDeadline(_ deadline: ContinuousClock.Instant) { engine.watch(deadline) }

    func connectionClosed(_ connection: SPConnection, _ closure: SPClosure) { engine.lost(self, closure) }

    func connectionFreed(_ connection: SPConnection) {
        self.connection = nil
        engine.freed()
    }
}

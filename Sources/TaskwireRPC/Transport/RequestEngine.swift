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
        var exchanges = ExchangeTable()
        /// The server of the connection, or of the last one.
        var peer: Address?
        /// The number of connections so far.
        var connectionCount: UInt64 = 0

        /// Whom an exchange is or was with, for people.
        var peerName: String { peer?.description ?? link.choice.description }

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

    private enum Submission {
        case send(ExchangeID, SPConnection, isLone: Bool)
        case wait(ExchangeID, mustDial: Bool)
        case refuse(TransportError)
    }

    /// Sends a request of `byteCount` bytes, which `write` fills in, or has it wait until it can be sent.
    /// - Returns: The number to ``abandon(_:)`` it by; nil when it has ended already.
    func send(
        byteCount: Int,
        to receiver: any ReplyReceiver,
        deadline: ContinuousClock.Instant?,
        _ write: (UnsafeMutableRawBufferPointer) -> Void
    ) -> ExchangeID? {
        do throws(TransportError) {
            guard byteCount <= configuration.maximumMessageSize else {
                throw TransportError(
                    code: .messageTooLarge,
                    message: "The request to \(peerName) has \(byteCount) bytes; "
                        + "the limit is \(configuration.maximumMessageSize)."
                )
            }
            let deadlines = ExchangeTable.Deadlines(
                overall: deadline,
                connect: configuration.failFast.map { .now + $0 }
            )
            let id = try unsafe submit(byteCount, receiver, deadlines, write)
            if let first = deadlines.first { self.deadlines.ensureLook(at: first, for: self) }
            return id
        } catch {
            receiver.failed(error)
            return nil
        }
    }

    private func submit(
        _ byteCount: Int,
        _ receiver: any ReplyReceiver,
        _ deadlines: ExchangeTable.Deadlines,
        _ write: (UnsafeMutableRawBufferPointer) -> Void
    ) throws(TransportError) -> ExchangeID {
        if byteCount < OutputQueue.largeMessageSize {
            let sent = state.withLock { state -> (ExchangeID, SPConnection, isLone: Bool)? in
                guard state.isOpen, !state.exchanges.hasWaiting,
                    let connection = state.freeConnection(configuration),
                    let id = state.exchanges.addSent(receiver, deadlines)
                else { return nil }
                return (id, connection, state.exchanges.sentCount == 1)
            }
            if let (id, connection, isLone) = sent {
                let isFull = unsafe connection.send(
                    SPHeader(requestID: id.rawValue),
                    byteCount: byteCount,
                    isLone: isLone,
                    write
                )
                if isFull { noteFull(connection) }
                return id
            }
        }
        let message = try Message(size: byteCount)
        unsafe message.withUnsafeMutableBytes { unsafe write($0) }
        let (id, mustDial) = state.withLock { state -> (ExchangeID?, Bool) in
            guard state.isOpen, let id = state.exchanges.addWaiting(receiver, deadlines, message) else {
                return (nil, false)
            }
            return (id, state.link.demand())
        }
        guard let id else {
            guard state.withLock(\.isOpen) else { throw closedError(mayHaveBeenSent: false) }
            throw TransportError(
                code: .outOfMemory,
                message: "There are \(ExchangeID.maximumCount) exchanges with \(peerName) already."
            )
        }
        if mustDial { connecting.async { self.dial() } }
        sendWaiting()
        return id
    }

    /// So much waits to be sent that more waits here.
    private func noteFull(_ connection: SPConnection) {
        // Under the lock, so that the news that there is room again comes before or after.
        state.withLock { $0.isFull = connection.isFull }
    }

    /// Sends what waits for room, as far as there is some.
    private func sendWaiting() {
        while true {
            let next = state.withLock { state -> (ExchangeID, Message, SPConnection, isLone: Bool)? in
                guard let connection = state.freeConnection(configuration),
                    let (id, message) = state.exchanges.sendNext()
                else { return nil }
                return (id, message, connection, state.exchanges.sentCount == 1)
            }
            guard let (id, message, connection, isLone) = next else { return }
            let isFull = connection.send(
                SPHeader(requestID: id.rawValue),
                message,
                isReply: false,
                isLone: isLone
            )
            if isFull { noteFull(connection) }
        }
    }

    /// The caller of an exchange gives up, and gets no reply any more; harmless when it has ended.
    func abandon(_ id: ExchangeID) {
        guard let exchange = state.withLock({ $0.exchanges.abandon(id) }) else { return }
        exchange.receiver.failed(
            TransportError(
                code: .cancelled,
                message: "The exchange with \(peerName) was cancelled.",
                mayHaveBeenSent: exchange.wasSent
            )
        )
        if exchange.wasSent { sendWaiting() }
    }

    private func closedError(mayHaveBeenSent: Bool) -> TransportError {
        TransportError(
            code: .closed,
            message: "The socket for \(peerName) is closed.",
            mayHaveBeenSent: mayHaveBeenSent
        )
    }

    private func timedOut(_ exchange: ExchangeTable.Ended, isUnconnected: Bool) -> TransportError {
        guard isUnconnected else {
            let explanation = exchange.wasSent ? nil : connectFailure?.message
            return .timedOut(peerName, mayHaveBeenSent: exchange.wasSent, explanation: explanation)
        }
        guard let failure = connectFailure else {
            return .unreachable("There is no connection to \(peerName) yet.")
        }
        // A connection that is lost as soon as it is made is none, and not the end of one.
        return failure.code == .connectionReset ? .unreachable(failure.message) : failure
    }

    // MARK: Deadlines

    /// Ends the exchanges whose time is over, and the connection whose server keeps it waiting.
    func endOverdue(at now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        let (overdue, connection) = state.withLock { state in
            (
                state.exchanges.endOverdue(at: now, isConnected: state.isConnected),
                state.connection?.connection
            )
        }
        for (exchange, isUnconnected) in overdue.ended {
            exchange.receiver.failed(timedOut(exchange, isUnconnected: isUnconnected))
        }
        if !overdue.ended.isEmpty { sendWaiting() }
        guard let deadline = connection?.endOverdue(at: now) else { return overdue.next }
        return min(deadline, overdue.next ?? deadline)
    }

    fileprivate func watch(_ deadline: ContinuousClock.Instant) {
        deadlines.ensureLook(at: deadline, for: self)
    }

    // MARK: The connection

    /// Makes one attempt to connect. Runs on `connecting`.
    private func dial() {
        let endpoint = state.withLock { state in
            state.isOpen ? state.link.attempt(hasDemand: state.exchanges.hasDemand) : nil
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
            return (state.link.fail(failure, hasDemand: state.exchanges.hasDemand), true)
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
        sendWaiting()
    }

    fileprivate func received(_ deliveries: [SPDelivery], in input: SPInput) {
        // A reply to a request that was given up belongs to nobody.
        let receivers = state.withLock { state in
            deliveries.map { state.exchanges.reply(to: ExchangeID(rawValue: $0.header.requestID)) }
        }
        for (receiver, delivery) in zip(receivers, deliveries) {
            guard let receiver else { continue }
            switch delivery {
            case .message(_, let body):
                unsafe receiver.received(UnsafeRawBufferPointer(rebasing: input.bytes[body]))
            case .tooLarge(_, let byteCount):
                receiver.failed(
                    TransportError(
                        code: .messageTooLarge,
                        message: "The reply of \(peerName) has \(byteCount) bytes; "
                            + "the limit is \(configuration.maximumMessageSize).",
                        mayHaveBeenSent: true
                    )
                )
            case .noMemory(_, let byteCount):
                receiver.failed(
                    TransportError(
                        code: .outOfMemory,
                        message:
                            "There is no memory for the reply of \(peerName), which has \(byteCount) bytes.",
                        mayHaveBeenSent: true
                    )
                )
            }
        }
        sendWaiting()
    }

    fileprivate func hasRoom() {
        state.withLock { $0.isFull = false }
        sendWaiting()
    }

    fileprivate func lost(_ link: ServerLink, _ closure: SPClosure) {
        struct Loss {
            var receivers: [any ReplyReceiver]
            var peerName: String
            var delay: Duration?
            var isOpen: Bool
        }
        let loss: Loss? = state.withLock { state in
            guard state.connection === link else { return nil }
            state.connection = nil
            var loss = Loss(
                receivers: state.exchanges.loseSent(),
                peerName: state.peerName,
                isOpen: state.isOpen
            )
            guard state.isOpen else { return loss }
            let failure = TransportError(closure, address: link.endpoint.address, wasOpen: state.isConnected)
            let hasDemand = state.exchanges.hasDemand
            loss.delay =
                state.isConnected
                ? state.link.lose(failure, at: .now, hasDemand: hasDemand)
                : state.link.fail(failure, hasDemand: hasDemand)
            return loss
        }
        guard let loss else { return }
        let error = TransportError(
            result: resultCode(NNG_ECONNRESET),
            action: "The exchange with \(loss.peerName)",
            mayHaveBeenSent: true
        )
        for receiver in loss.receivers { receiver.failed(error) }
        if loss.isOpen { retry(after: loss.delay) }
    }

    // MARK: Closing

    /// Ends all exchanges and frees everything in the background.
    func beginClosing() {
        let (exchanges, dial, connection) = state.withLock {
            state -> ([ExchangeTable.Ended], StreamDial?, SPConnection?) in
            guard state.isOpen else { return ([], nil, nil) }
            state.isOpen = false
            return (state.exchanges.abandonAll(), state.dial, state.connection?.connection)
        }
        for exchange in exchanges {
            exchange.receiver.failed(closedError(mayHaveBeenSent: exchange.wasSent))
        }
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
        isConnected && !isFull && exchanges.sentCount < configuration.maximumExchanges
            ? connection?.connection : nil
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

    func connection(
        _ connection: SPConnection,
        received deliveries: [SPDelivery],
        in input: SPInput
    ) {
        engine.received(deliveries, in: input)
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

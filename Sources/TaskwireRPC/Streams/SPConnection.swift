internal import CNNG
internal import Dispatch
internal import Glibc
internal import Synchronization

/// The owner of a connection, which is told of its events on nng's threads. No call may block.
protocol SPConnectionOwner: AnyObject, Sendable {
    /// The peer has greeted.
    func connectionOpened(_ connection: SPConnection)
    /// These have come, in this order. The bodies of messages lie in `input`.
    func connection(_ connection: SPConnection, received deliveries: [SPDelivery], in input: SPInput)
    /// Returns true if a message that is coming in may take so many bytes of memory, some of which are counted already.
    func connection(_ connection: SPConnection, admits byteCount: Int, ofWhichCounted countedByteCount: Int)
        -> Bool
    /// The peer has taken so much that there is room for more to send.
    func connectionHasRoom(_ connection: SPConnection)
    /// The peer has to do something by then, when ``SPConnection/endOverdue(at:)`` is to be called. This is called under the
    /// lock of the connection, which must not be used meanwhile.
    func connectionHasDeadline(_ deadline: ContinuousClock.Instant)
    /// Nothing comes or goes any more. Called once.
    func connectionClosed(_ connection: SPConnection, _ closure: SPClosure)
    /// The descriptor is given back. Called once, after `connectionClosed`.
    func connectionFreed(_ connection: SPConnection)
}

/// Bytes that have come, valid only while their owner is told of them.
@safe struct SPInput {
    let bytes: UnsafeRawBufferPointer
    /// Bytes of memory for them that are counted.
    let countedByteCount: Int
}

/// The outcome of one message of a peer.
enum SPDelivery: Sendable {
    /// It is here, its body at that place.
    case message(SPHeader, body: Range<Int>)
    /// It is larger than allowed, by what its peer says, and its body is thrown away.
    case tooLarge(SPHeader, byteCount: UInt64)
    /// There is no memory for it at present, and its body is thrown away.
    case noMemory(SPHeader, byteCount: UInt64)

    var header: SPHeader {
        switch self {
        case .message(let header, _), .tooLarge(let header, _), .noMemory(let header, _): header
        }
    }
}

/// Why a connection has ended.
enum SPClosure: Hashable, Sendable {
    /// Its owner has closed it.
    case owner
    /// The peer is gone, or the network is; the number of nng's error.
    case lost(Int32)
    /// The peer sent what cannot be read.
    case fault(SPFault)
    /// The peer sent a message so large that there is no getting at the next one.
    case tooLarge
    /// The peer kept it waiting.
    case overdue(SPConnectionState.Overdue)
}

/// One connection: a stream of nng, with request/reply messages on it, for either end.
///
/// One read takes everything that has come, and one write sends everything that is ready.
///
/// nng 1.5.2 asks for some care. An operation that is posted after its stream was closed never ends, so that both
/// happen under the one lock. A stream is freed when no operation is under way. One that is posted to a TLS stream whose
/// connection has broken never ends either, until the stream is closed once more: so the connection is looked at after
/// each post.
///
/// `@unchecked Sendable` is safe: the stream is set once, and posted to and closed under the lock; `taking` alone reads
/// what has come outside of it, and while it does nothing moves the input.
@safe final class SPConnection: @unchecked Sendable {
    /// The settings of a connection.
    struct Configuration: Sendable {
        var framing: SPProtocol.Framing
        var isTLS: Bool
        var role: SPProtocol.Role
        /// Bytes of the largest message, its header aside.
        var maximumMessageSize: Int
        /// Bytes of the largest message that is skipped to get at the next one.
        var maximumSkippedSize: Int
        var limits: SPConnectionState.Limits
    }

    private struct State: ~Copyable {
        var machine: SPConnectionState
        /// True once nng's callbacks may refer to the connection.
        var isStarted = false
        var reader: SPFrameReader
        /// Bytes that have come and were not taken.
        var input = ByteBuffer()
        /// Bytes of memory for the input that are counted.
        var countedInput = 0
        /// True if much has come of late, so that much room is kept ready.
        var isBusy = false
        /// True if the input holds bytes that the reader has not seen.
        var hasNews = false
        /// True while messages that have come have to wait.
        var isPaused = false
        /// Messages that wait to be sent, or are being sent.
        var output = OutputQueue()
        /// True if a callback that is going on calls ``SPConnection/endCallback()`` at its end.
        var isEndPlanned = false
        /// True if ``SPConnection/send(_:_:isReply:isLone:)`` has returned true since there was room.
        var wasToldFull = false
        var owner: (any SPConnectionOwner)?

        /// Returns whether the end of the callback is to be planned now.
        mutating func planEnd() -> Bool {
            defer { isEndPlanned = true }
            return !isEndPlanned
        }

        /// True while so much waits to be sent that more should wait elsewhere.
        var isFull: Bool { machine.unsentByteCount >= machine.limits.maximumUnsentSize }
    }

    let configuration: Configuration
    /// Counts the bytes that the connection keeps.
    let ledger: ByteLedger?
    private let stream: OpaquePointer
    private let writer: SPFrameWriter
    private let state: Mutex<State>
    // Set in `init`, once.
    private var receiving: StreamOperation!
    private var sending: StreamOperation!
    /// Sends that most likely end at once. Nil for TLS, where giving one up ends the connection.
    private var sendingAtOnce: StreamOperation?

    /// Room for what comes in while little does. An idle connection keeps no more.
    private static let smallInputSize = 1 << 10
    /// Room for what comes in while much does.
    private static let largeInputSize = 64 << 10
    /// A record of TLS has no more (RFC 5246, 6.2.1), and one is all that a read takes.
    private static let recordSize = 16 << 10
    /// A connection that receives nothing for so long gets by with little room again.
    private static let idleTime = Duration.seconds(1)
    /// So many bytes are sent before a callback has ended, so that the peer has something to do meanwhile: otherwise both ends
    /// take turns, and each has a processor to itself for half of the time.
    private static let flushSize = 2 << 10
    /// Messages that are taken before a look at what may be taken.
    private static let maximumDeliveries = 64

    /// Takes the stream over; ``start()`` begins, and ``close(_:)`` ends it, before it has begun as well.
    /// - Throws: ``TransportError`` with the code `outOfMemory`; then the stream is freed.
    init(
        stream: OpaquePointer,
        configuration: Configuration,
        ledger: ByteLedger?,
        owner: any SPConnectionOwner
    ) throws(TransportError) {
        unsafe self.stream = unsafe stream
        self.configuration = configuration
        self.ledger = ledger
        writer = SPFrameWriter(framing: configuration.framing)
        state = Mutex(
            State(
                machine: SPConnectionState(limits: configuration.limits, now: .now),
                reader: SPFrameReader(
                    framing: configuration.framing,
                    peer: configuration.role.peer,
                    maximumBodySize: configuration.maximumMessageSize,
                    maximumSkippedSize: configuration.maximumSkippedSize
                ),
                owner: owner
            )
        )
        do throws(TransportError) {
            receiving = try unsafe StreamOperation(of: self) { argument in
                unsafe SPConnection.callback(argument) { $0.receiveEnded() }
            }
            sending = try unsafe StreamOperation(of: self) { argument in
                unsafe SPConnection.callback(argument) { $0.sendEnded() }
            }
            if !configuration.isTLS { sendingAtOnce = try StreamOperation() }
        } catch {
            receiving?.reap()
            sending?.reap()
            unsafe nng_stream_free(stream)
            throw error
        }
    }

    private static func callback(_ argument: UnsafeMutableRawPointer?, _ body: (SPConnection) -> Void) {
        guard let argument = unsafe argument else { return }
        let connection = unsafe Unmanaged<SPConnection>.fromOpaque(argument).takeUnretainedValue()
        CallbackExecutor.runCallback {
            body(connection)
        }
    }

    /// Sends the greeting and begins to read. To be called once.
    func start() {
        // Released in `settle()`: nng's callbacks refer to it without a count.
        _ = unsafe Unmanaged.passRetained(self)
        state.withLock { state in
            state.isStarted = true
            let greeting = SPProtocol.greeting(of: configuration.role)
            state.output.append(greeting)
            count(greeting.count, &state)
            startSending(&state, mayBeLast: false)
            startReceiving(&state)
        }
        settle()
    }

    // MARK: For its owner

    /// The earliest instant at which ``endOverdue(at:)`` may have something to do.
    var nextDeadline: ContinuousClock.Instant? {
        state.withLock { $0.machine.nextDeadline }
    }

    /// Closes when the peer keeps it waiting for too long.
    func endOverdue(at now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        let overdue = state.withLock { state in
            let overdue = state.machine.overdue(at: now)
            if overdue == .idle {
                // The receive ends without bytes, and the next one gets by with little room.
                state.machine.giveUpMemory()
                receiving.cancel()
            }
            return overdue
        }
        if let overdue, overdue != .idle { close(.overdue(overdue)) }
        return nextDeadline
    }

    /// True while so much waits to be sent that more should wait elsewhere.
    var isFull: Bool {
        state.withLock { $0.isFull }
    }

    /// True if the connection has drained, or is closed.
    var isDrained: Bool {
        state.withLock { $0.machine.isDrained || $0.machine.phase == .closed }
    }

    /// Sends a message.
    ///
    /// On a thread that is in a callback it leaves at the end of the callback, with all others of this connection.
    /// - Parameters:
    ///   - isReply: Whether it ends a call of the peer.
    ///   - isLone: Whether nothing else is likely to be sent soon, so that this thread had better do all of the sending.
    /// - Returns: Whether so much waits to be sent that more should wait elsewhere, until ``SPConnectionOwner`` is told
    ///   that there is room.
    @discardableResult
    func send(_ header: SPHeader, _ message: Message, isReply: Bool, isLone: Bool) -> Bool {
        send(isReply: isReply, isLone: isLone) { output in output.append(header, message, writer) }
    }

    /// Sends a request of `byteCount` bytes, fewer than ``OutputQueue/largeMessageSize``, which `write` fills in.
    /// - Returns: As ``send(_:_:isReply:isLone:)``.
    func send(
        _ header: SPHeader,
        byteCount: Int,
        isLone: Bool,
        _ write: (UnsafeMutableRawBufferPointer) -> Void
    ) -> Bool {
        send(isReply: false, isLone: isLone) { output in
            unsafe output.append(header, byteCount: byteCount, writer, write)
        }
    }

    private func send(isReply: Bool, isLone: Bool, _ append: (inout OutputQueue) -> Int) -> Bool {
        let isInCallback = CallbackExecutor.isInCallback
        let (mustPlan, mustGoOn, isFull): (Bool, Bool, Bool) = state.withLock { state in
            if isReply { state.machine.endCalls(1) }
            guard state.machine.phase != .closed else { return (false, true, false) }
            count(append(&state.output), &state)
            let mustPlan = isInCallback && state.planEnd()
            if !isInCallback || state.output.tailByteCount >= Self.flushSize {
                startSending(
                    &state,
                    mayBeLast: isInCallback || isLone || isReply && state.machine.callCount == 0
                )
            }
            if state.isFull { state.wasToldFull = true }
            return (mustPlan, state.isPaused, state.isFull)
        }
        if mustPlan { CallbackExecutor.endLater(self) }
        if mustGoOn { goOn() }
        return isFull
    }

    /// Sends messages that are framed already, which end calls of the peer; some of those may have none.
    /// - Parameter replies: Is empty afterwards.
    func send(_ replies: inout ByteBuffer, endingCalls callCount: Int) {
        let isInCallback = CallbackExecutor.isInCallback
        let (mustPlan, mustGoOn): (Bool, Bool) = state.withLock { state in
            state.machine.endCalls(callCount)
            guard state.machine.phase != .closed else { return (false, true) }
            guard !replies.isEmpty else { return (false, state.isPaused) }
            count(replies.count, &state)
            state.output.append(&replies)
            let mustPlan = isInCallback && state.planEnd()
            if !isInCallback || state.output.tailByteCount >= Self.flushSize {
                startSending(&state, mayBeLast: isInCallback || state.machine.callCount == 0)
            }
            return (mustPlan, state.isPaused)
        }
        if mustPlan { CallbackExecutor.endLater(self) }
        if mustGoOn { goOn() }
    }

    /// A call of the peer has ended without a reply.
    func endCall() {
        state.withLock { $0.machine.endCalls(1) }
        goOn()
    }

    /// Sends what has become ready during a callback, and reads on; called at the end of the callback.
    ///
    /// Reading goes on only now, so that another thread does not handle the next messages meanwhile: the two would wait for
    /// each other's locks.
    func endCallback() {
        state.withLock { state in
            state.isEndPlanned = false
            startSending(&state, mayBeLast: true)
            startReceiving(&state)
        }
        settle()
    }

    /// Takes no more messages; what is being carried out goes on, and its replies are sent.
    /// - Parameter isLast: Whether the connection then ends by itself, as soon as the peer had time to read them.
    func drain(isLast: Bool = false) {
        state.withLock { state in
            state.machine.drain(lingeringFrom: isLast ? .now : nil)
            if let deadline = state.machine.nextDeadline { state.owner?.connectionHasDeadline(deadline) }
        }
        // What has come is thrown away, and so is what comes.
        goOn(evenUnpaused: true)
    }

    /// Ends the connection, whatever it is doing.
    func close(_ closure: SPClosure = .owner) {
        let owner = state.withLock { state in close(&state) ? state.owner : nil }
        owner?.connectionClosed(self, closure)
        settle()
    }

    /// The number that nng knows under this name, such as that of the user at the other end.
    func number(_ option: String) -> UInt64? {
        var number: UInt64 = 0
        return unsafe nng_stream_get_uint64(stream, option, &number) == 0 ? number : nil
    }

    /// The address of the other end.
    var remoteAddress: nng_sockaddr? {
        var address = nng_sockaddr()
        return unsafe nng_stream_get_addr(stream, NNG_OPT_REMADDR, &address) == 0 ? address : nil
    }

    // MARK: The end

    private func close(_ state: inout State) -> Bool {
        guard state.machine.close() else { return false }
        unsafe nng_stream_close(stream)
        return true
    }

    /// A consequence of a step that is carried out without the lock.
    private enum Consequence {
        case free((any SPConnectionOwner)?, countedByteCount: Int, isStarted: Bool)
        case tellRoom((any SPConnectionOwner)?)
    }

    /// Sees to what follows from a step: an end that was waited for, or news for the owner.
    private func settle() {
        let consequence: Consequence? = state.withLock { state in
            if state.wasToldFull, !state.isFull {
                state.wasToldFull = false
                return .tellRoom(state.owner)
            }
            guard state.machine.free() else { return nil }
            defer {
                state.owner = nil
                state.output = OutputQueue()
                state.input = ByteBuffer()
            }
            return .free(
                state.owner,
                countedByteCount: state.machine.unsentByteCount + state.countedInput,
                isStarted: state.isStarted
            )
        }
        switch consequence {
        case nil:
            break
        case .tellRoom(let owner):
            owner?.connectionHasRoom(self)
            settle()
        case .free(let owner, let countedByteCount, let isStarted):
            ledger?.credit(countedByteCount)
            unsafe nng_stream_free(stream)
            // Their callbacks may be running; perhaps this is one.
            receiving.reap()
            sending.reap()
            sendingAtOnce?.reap()
            owner?.connectionFreed(self)
            // Balances the retain in `start()`.
            if isStarted { unsafe Unmanaged.passUnretained(self).release() }
        }
    }

    /// nng never ends what is posted to a TLS stream whose socket is gone, unless it is closed afterwards.
    private func lookAfterPost() {
        if configuration.isTLS, remoteAddress == nil {
            unsafe nng_stream_close(stream)
        }
    }

    // MARK: Sending

    private func count(_ byteCount: Int, _ state: inout State) {
        state.machine.queue(byteCount)
        ledger?.charge(byteCount)
    }

    /// Sends everything that is ready, unless a send is under way, at whose end it is sent.
    /// - Parameter mayBeLast: Whether this thread waits for what the stream takes at once, which saves a callback on
    ///   another thread. Those who add something in the meantime then send it by themselves.
    private func startSending(_ state: inout State, mayBeLast: Bool) {
        while state.machine.maySend, !state.output.isEmpty {
            state.output.beginSending()
            state.machine.beginSending(at: .now)
            guard mayBeLast, let sendingAtOnce else { return postSend(&state) }
            let byteCount = unsafe state.output.withSending { bytes in
                unsafe sendingAtOnce.setBytes(bytes)
                return bytes.count
            }
            unsafe nng_stream_send(stream, sendingAtOnce.pointer)
            if sendingAtOnce.byteCount == 0 {
                // The peer's buffer is full, or the peer is gone.
                sendingAtOnce.cancel()
                sendingAtOnce.wait()
            }
            let sentByteCount = sendingAtOnce.byteCount
            sent(sentByteCount, &state)
            // The next send, which has a callback, ends as soon as there is room, or with the error.
            guard sentByteCount == byteCount else { return postSend(&state) }
        }
    }

    private func postSend(_ state: inout State) {
        unsafe state.output.withSending { unsafe sending.setBytes($0) }
        unsafe nng_stream_send(stream, sending.pointer)
        lookAfterPost()
        if let deadline = state.machine.nextDeadline { state.owner?.connectionHasDeadline(deadline) }
    }

    /// So many bytes of a send have left.
    private func sent(_ byteCount: Int, _ state: inout State) {
        if state.output.remove(byteCount) {
            state.machine.endSending(byteCount)
        } else {
            state.machine.progressSending(byteCount, at: .now)
        }
        ledger?.credit(byteCount)
    }

    /// nng's callback.
    private func sendEnded() {
        let result = sending.result
        let byteCount = sending.byteCount
        let closing: (any SPConnectionOwner)? = state.withLock { state in
            guard result == 0, byteCount > 0, state.machine.phase != .closed else {
                state.machine.endSending(0)
                return close(&state) ? state.owner : nil
            }
            sent(byteCount, &state)
            if state.machine.isSending {
                postSend(&state)
            } else {
                startSending(&state, mayBeLast: false)
                if !state.machine.isSending { state.output.shrink() }
            }
            return nil
        }
        closing?.connectionClosed(self, .lost(result))
        goOn()
    }

    // MARK: Receiving

    /// Posts a receive where there is a use for one.
    private func startReceiving(_ state: inout State) {
        guard !state.machine.isDispatching, !state.machine.isReceiving, state.machine.phase != .closed else {
            return
        }
        // What is not taken now is kept, up to that; more stays with the peer, whose end can be seen meanwhile.
        if state.isPaused, state.input.count >= Self.largeInputSize { return }
        let size = state.isBusy ? busyInputSize : Self.smallInputSize
        if state.input.isEmpty {
            state.input.shrink(above: size)
            state.input.reserve(size)
        } else {
            // No more than has come already, so that a peer's word alone costs no memory.
            let missing = state.reader.neededByteCount - state.input.count
            state.input.reserve(missing > 0 ? min(missing, Self.inputStep(state.input.count)) : size)
        }
        countInput(&state)
        guard state.machine.beginReceiving() else { return }
        unsafe receiving.setBytes(UnsafeRawBufferPointer(state.input.free))
        unsafe nng_stream_recv(stream, receiving.pointer)
        lookAfterPost()
        // A TLS connection whose receive is given up has ended.
        if state.isBusy, !configuration.isTLS {
            let deadline = ContinuousClock.now + Self.idleTime
            state.machine.keepMemory(until: deadline)
            state.owner?.connectionHasDeadline(deadline)
        }
    }

    /// By how much the room grows for a message of which so many bytes have come.
    private static func inputStep(_ byteCount: Int) -> Int { max(largeInputSize, byteCount) }

    /// Room for what comes in while much does.
    private var busyInputSize: Int { configuration.isTLS ? Self.recordSize : Self.largeInputSize }

    private func countInput(_ state: inout State) {
        let counted = max(0, state.input.capacity - Self.largeInputSize)
        ledger?.charge(counted - state.countedInput)
        state.countedInput = counted
    }

    /// nng's callback.
    private func receiveEnded() {
        let result = receiving.result
        let byteCount = receiving.byteCount
        let (closing, mayTake): ((any SPConnectionOwner)?, Bool) = state.withLock { state in
            state.machine.endReceiving()
            if result == resultCode(NNG_ECANCELED), state.machine.phase != .closed {
                state.isBusy = false
                startReceiving(&state)
                return (nil, false)
            }
            guard result == 0, byteCount > 0 else { return (close(&state) ? state.owner : nil, false) }
            guard state.machine.phase != .closed else { return (nil, false) }
            if byteCount >= Self.smallInputSize { state.isBusy = true }
            state.input.append(byteCount)
            state.hasNews = true
            return (nil, state.machine.beginDispatching())
        }
        if mayTake { take() }
        closing?.connectionClosed(self, .lost(result))
        settle()
    }

    /// Goes on with what had to stop, where that is possible by now.
    private func goOn(evenUnpaused: Bool = false) {
        let mayTake: Bool = state.withLock { state in
            guard state.isPaused || evenUnpaused, state.machine.phase != .closed else { return false }
            guard state.machine.mayTakeMessages || state.machine.phase == .draining else { return false }
            return state.machine.beginDispatching()
        }
        if mayTake {
            // Perhaps in the middle of a handler, and there may be many messages.
            DispatchQueue.global().async { self.take() }
        } else {
            settle()
        }
    }

    /// The input that one pass reads.
    @safe private struct Portion {
        let input: SPInput
        var reader: SPFrameReader
        let maximumDeliveries: Int
        let owner: any SPConnectionOwner
    }

    /// Takes the messages that have come and hands them on, until there are none or they have to wait. Only one thread
    /// does that at a time: `beginDispatching()` has let it.
    private func take() {
        while var portion = nextPortion() {
            let owner = portion.owner
            var deliveries: [SPDelivery] = []
            var offset = 0
            var closure: SPClosure?
            var isOpening = false
            do throws(SPFault) {
                let span = unsafe RawSpan(_unsafeBytes: portion.input.bytes)
                while deliveries.count < portion.maximumDeliveries,
                    let item = try portion.reader.next(span, from: &offset)
                {
                    switch item {
                    case .greeting:
                        isOpening = true
                    case .message(let header, let body):
                        deliveries.append(.message(header, body: body))
                    case .oversized(let header, let byteCount, let isSkipped):
                        deliveries.append(.tooLarge(header, byteCount: byteCount))
                        if !isSkipped { closure = .tooLarge }
                    }
                }
                let whole = portion.reader.neededByteCount
                let held = unsafe portion.input.bytes.count - offset
                let next = min(whole, held + Self.inputStep(held))
                if next > Self.largeInputSize,
                    !owner.connection(self, admits: next, ofWhichCounted: portion.input.countedByteCount),
                    case .oversized(let header, let byteCount, _)? = portion.reader.skipMessage(
                        span,
                        from: &offset
                    )
                {
                    deliveries.append(.noMemory(header, byteCount: byteCount))
                    _ = try portion.reader.next(span, from: &offset)
                }
            } catch {
                closure = .fault(error)
            }
            begin(callCount: deliveries.count, isOpening: isOpening)
            if isOpening { owner.connectionOpened(self) }
            if !deliveries.isEmpty { owner.connection(self, received: deliveries, in: portion.input) }
            consume(offset, of: portion)
            switch closure {
            case .tooLarge: drain(isLast: true)
            case let closure?: close(closure)
            case nil: break
            }
        }
        settle()
    }

    /// Returns what to take next. Where that is nothing, taking has ended, and reading goes on.
    private func nextPortion() -> Portion? {
        let isInCallback = CallbackExecutor.isInCallback
        let (portion, mustPlan): (Portion?, Bool) = state.withLock { state in
            if state.machine.phase == .draining { state.input.remove(state.input.count) }
            let mayTake = state.machine.mayTakeMessages
            state.isPaused = !mayTake && state.machine.phase == .open
            if mayTake, !state.input.isEmpty, let owner = state.owner, state.hasNews {
                state.hasNews = false
                let portion = unsafe Portion(
                    input: SPInput(bytes: state.input.bytes, countedByteCount: state.countedInput),
                    reader: state.reader,
                    maximumDeliveries: min(
                        Self.maximumDeliveries,
                        state.machine.limits.maximumCalls - state.machine.callCount
                    ),
                    owner: owner
                )
                return (portion, false)
            }
            state.machine.endDispatching()
            let isWithinMessage = !state.input.isEmpty || state.reader.isSkipping
            if state.isPaused {
                state.machine.pauseTaking()
            } else {
                state.machine.received(isWithinMessage: isWithinMessage, at: .now)
                if let deadline = state.machine.nextDeadline {
                    state.owner?.connectionHasDeadline(deadline)
                }
            }
            if isInCallback { return (nil, state.planEnd()) }
            startReceiving(&state)
            return (nil, false)
        }
        if mustPlan { CallbackExecutor.endLater(self) }
        return portion
    }

    /// Counts what is about to be handed on.
    private func begin(callCount: Int, isOpening: Bool) {
        guard isOpening || callCount > 0 && configuration.role == .replier else { return }
        state.withLock { state in
            if isOpening { state.machine.greet() }
            if configuration.role == .replier { state.machine.beginCalls(callCount) }
        }
    }

    /// Takes what was read from the input.
    private func consume(_ consumed: Int, of portion: Portion) {
        state.withLock { state in
            state.reader = portion.reader
            state.input.remove(consumed)
            // Unless all was read that had come, there may be more.
            state.hasNews = state.hasNews || consumed > 0 && !state.input.isEmpty
            if state.input.isEmpty, !state.machine.isReceiving {
                // A large message is counted where it was copied to.
                state.input.shrink(above: Self.largeInputSize)
                countInput(&state)
            }
        }
    }
}

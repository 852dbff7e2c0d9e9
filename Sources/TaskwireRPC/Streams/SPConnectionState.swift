/// The state machine of a connection: a value without a stream, a lock or a clock of its own.
///
/// greeting → open → draining → closed, where `closed` can be reached from each of them, and nothing leads away from it.
/// Its owner carries out what it allows and tells it what has happened. At each time one receive and one send of the
/// stream may be under way.
package struct SPConnectionState {
    /// The phases of a connection.
    package enum Phase: Hashable {
        /// The peer's greeting has not come yet.
        case greeting
        /// Messages go both ways.
        case open
        /// Calls that were taken are finished and answered; what comes is read and dropped.
        case draining
        /// The stream is closed, and is freed as soon as nothing is under way.
        case closed
    }

    /// The time and memory that a peer may take.
    package struct Limits: Hashable, Sendable {
        /// From the beginning to the peer's greeting, a TLS handshake included.
        package var greetingTime = Duration.seconds(10)
        /// From the last byte of a message that has begun to its next.
        package var messageTime = Duration.seconds(30)
        /// Until the peer has taken some of what is sent.
        package var sendTime = Duration.seconds(10)
        /// A peer whose connection is to end may send on for so long, and read its last replies.
        package var lingeringTime = Duration.seconds(1)
        /// It is taken to have read them when it has sent nothing for so long.
        package var lingeringPause = Duration.milliseconds(100)
        /// Calls of the peer that are carried out at a time.
        package var maximumCalls = Int.max
        /// Bytes that may wait to be sent while messages are still taken.
        package var maximumUnsentSize = 1 << 20

        /// The defaults.
        package init() {}
    }

    /// A deadline of the peer that has passed.
    package enum Overdue: Hashable, Sendable {
        case greeting
        case message
        case send
        /// The time to read its last replies.
        case lingering
        /// The time for which memory is kept ready for what it sends: it is not to blame.
        case idle
    }

    package let limits: Limits
    package private(set) var phase = Phase.greeting
    package private(set) var isReceiving = false
    package private(set) var isSending = false
    package private(set) var isDispatching = false
    package private(set) var callCount = 0
    /// Bytes that wait to be sent, or are being sent.
    package private(set) var unsentByteCount = 0
    private var isFreed = false
    private var greetingDeadline: ContinuousClock.Instant?
    private var messageDeadline: ContinuousClock.Instant?
    private var sendDeadline: ContinuousClock.Instant?
    private var lingeringDeadline: ContinuousClock.Instant?
    private var lingeringEnd: ContinuousClock.Instant?
    private var idleDeadline: ContinuousClock.Instant?

    package init(limits: Limits, now: ContinuousClock.Instant) {
        self.limits = limits
        greetingDeadline = now + limits.greetingTime
    }

    // MARK: What may be done

    /// True if messages that have come may be taken.
    package var mayTakeMessages: Bool {
        switch phase {
        case .greeting: true
        case .open: callCount < limits.maximumCalls && unsentByteCount < limits.maximumUnsentSize
        case .draining, .closed: false
        }
    }

    /// True if a send may begin.
    package var maySend: Bool { phase != .closed && !isSending }

    /// True if the connection drains and has nothing left to do.
    package var isDrained: Bool { phase == .draining && callCount == 0 && unsentByteCount == 0 }

    /// The earliest of the peer's deadlines.
    package var nextDeadline: ContinuousClock.Instant? {
        var first = greetingDeadline
        func include(_ deadline: ContinuousClock.Instant?) {
            if let deadline { first = min(deadline, first ?? deadline) }
        }
        include(messageDeadline)
        include(sendDeadline)
        include(lingeringDeadline)
        include(idleDeadline)
        return first
    }

    /// The deadline of the peer that has passed at `now`.
    package func overdue(at now: ContinuousClock.Instant) -> Overdue? {
        if let greetingDeadline, greetingDeadline <= now { return .greeting }
        if let sendDeadline, sendDeadline <= now { return .send }
        if let messageDeadline, messageDeadline <= now { return .message }
        if let lingeringDeadline, lingeringDeadline <= now { return .lingering }
        if let idleDeadline, idleDeadline <= now { return .idle }
        return nil
    }

    // MARK: What has happened

    /// greeting → open.
    package mutating func greet() {
        guard phase == .greeting else { return }
        phase = .open
        greetingDeadline = nil
    }

    /// greeting, open → draining. A peer that has not greeted has nothing to wait for.
    /// - Parameter now: Where the connection is to end by itself, the instant at which that begins.
    package mutating func drain(lingeringFrom now: ContinuousClock.Instant? = nil) {
        guard phase == .greeting || phase == .open else { return }
        phase = .draining
        lingeringDeadline = now.map { $0 + limits.lingeringPause }
        lingeringEnd = now.map { $0 + limits.lingeringTime }
        greetingDeadline = nil
        messageDeadline = nil
    }

    /// → closed. Returns whether it was not closed before: then the stream is to be closed.
    package mutating func close() -> Bool {
        guard phase != .closed else { return false }
        phase = .closed
        greetingDeadline = nil
        messageDeadline = nil
        sendDeadline = nil
        lingeringDeadline = nil
        idleDeadline = nil
        return true
    }

    /// Returns whether the stream is to be freed now, once.
    package mutating func free() -> Bool {
        guard phase == .closed, !isReceiving, !isSending, !isDispatching, !isFreed else { return false }
        isFreed = true
        return true
    }

    /// Begins a receive, unless one is under way or the stream is closed.
    package mutating func beginReceiving() -> Bool {
        guard phase != .closed, !isReceiving else { return false }
        isReceiving = true
        return true
    }

    /// A receive has ended.
    package mutating func endReceiving() {
        isReceiving = false
        idleDeadline = nil
    }

    /// The receive that has begun keeps much memory ready, until the deadline.
    package mutating func keepMemory(until deadline: ContinuousClock.Instant) {
        idleDeadline = deadline
    }

    /// The memory that was kept ready is given back, if nothing comes at this moment.
    package mutating func giveUpMemory() {
        idleDeadline = nil
    }

    /// Bytes have come. `isWithinMessage` tells whether the last ones begin a message that is not whole yet.
    package mutating func received(isWithinMessage: Bool, at now: ContinuousClock.Instant) {
        if phase == .draining, let lingeringEnd {
            lingeringDeadline = min(now + limits.lingeringPause, lingeringEnd)
        }
        guard phase == .open else { return }
        messageDeadline = isWithinMessage ? now + limits.messageTime : nil
    }

    /// Messages are not taken at present, for which the peer cannot be blamed.
    package mutating func pauseTaking() {
        messageDeadline = nil
    }

    /// Begins to take messages from what has come, unless somebody does.
    package mutating func beginDispatching() -> Bool {
        guard !isDispatching else { return false }
        isDispatching = true
        return true
    }

    /// Nobody takes messages any more.
    package mutating func endDispatching() {
        isDispatching = false
    }

    /// So many more calls of the peer are being carried out.
    package mutating func beginCalls(_ count: Int) {
        callCount += count
    }

    /// So many calls of the peer have ended.
    package mutating func endCalls(_ count: Int) {
        callCount -= count
    }

    /// So many bytes are to be sent.
    package mutating func queue(_ byteCount: Int) {
        unsentByteCount += byteCount
    }

    /// Begins a send. To be called only where ``maySend``.
    package mutating func beginSending(at now: ContinuousClock.Instant) {
        isSending = true
        sendDeadline = now + limits.sendTime
    }

    /// The peer has taken so many bytes, and gets time for more of the same send.
    package mutating func progressSending(_ byteCount: Int, at now: ContinuousClock.Instant) {
        unsentByteCount -= byteCount
        sendDeadline = now + limits.sendTime
    }

    /// The send has ended with so many bytes.
    package mutating func endSending(_ byteCount: Int) {
        isSending = false
        unsentByteCount -= byteCount
        sendDeadline = nil
    }
}

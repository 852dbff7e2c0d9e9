/// The number of an exchange: that of its request on the wire.
package struct ExchangeID: Hashable, Sendable {
    /// The number, with the bit that marks requests.
    package let rawValue: UInt32

    private static let indexBits: UInt32 = 20
    private static let generationMask: UInt32 = 0x7FF

    /// Exchanges that there can be at a time.
    static let maximumCount = 1 << indexBits

    init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    fileprivate init(index: Int, generation: UInt32) {
        rawValue =
            SPProtocol.requestBit | (generation & Self.generationMask) << Self.indexBits
            | UInt32(truncatingIfNeeded: index)
    }

    fileprivate var index: Int { Int(rawValue & (1 << Self.indexBits - 1)) }
}

/// The exchanges of a ``RequestSocket``: those whose requests were sent, and those that wait for their turn, in order. A
/// value without a socket or a clock.
///
/// An exchange is waiting or sent. Either ends by being taken out. A number is used again only when no reply to it can come
/// any more: one whose caller has gone keeps it until the reply is here or the connection is lost.
package struct ExchangeTable {
    /// The deadlines of an exchange.
    package struct Deadlines: Hashable, Sendable {
        /// The caller gives up then.
        package var overall: ContinuousClock.Instant?
        /// The caller gives up then if its request was not sent.
        package var connect: ContinuousClock.Instant?

        /// Deadlines, none by default.
        package init(overall: ContinuousClock.Instant? = nil, connect: ContinuousClock.Instant? = nil) {
            self.overall = overall
            self.connect = connect
        }

        /// The earlier of the two.
        package var first: ContinuousClock.Instant? {
            guard let overall, let connect else { return overall ?? connect }
            return min(overall, connect)
        }
    }

    /// An exchange that was taken out.
    package struct Ended: Sendable {
        package let receiver: any ReplyReceiver
        /// True if the request was handed to a connection.
        package let wasSent: Bool
    }

    private enum Phase {
        /// Nobody uses the number; `next` is the next that is free.
        case free(next: Int)
        case waiting(Message)
        case sent
        /// The caller has gone. True if a reply may still come; otherwise the number is among those that wait.
        case abandoned(wasSent: Bool)
    }

    private struct Slot {
        var phase: Phase
        var generation: UInt32
        var receiver: (any ReplyReceiver)?
        var deadlines = Deadlines()
    }

    private var slots: [Slot] = []
    private var firstFree = noSlot
    private var waiting: [ExchangeID] = []
    private var firstWaiting = 0
    private var abandonedWaitingCount = 0
    /// Requests that were sent, and whose callers wait for the reply.
    package private(set) var sentCount = 0
    private let firstGeneration: UInt32

    private static let noSlot = -1

    /// An empty table. Numbers begin in `generation`, so that those of one process are not those of the next.
    package init(generation: UInt32 = .random(in: 0...UInt32.max)) {
        firstGeneration = generation
    }

    /// True while a request waits for its turn.
    package var hasWaiting: Bool { waiting.count - firstWaiting > abandonedWaitingCount }

    /// True while there is anybody who needs a connection.
    package var hasDemand: Bool { sentCount > 0 || hasWaiting }

    /// Adds an exchange whose request is sent now; nil when there are as many as there can be.
    package mutating func addSent(_ receiver: any ReplyReceiver, _ deadlines: Deadlines) -> ExchangeID? {
        guard let id = add(receiver, deadlines, .sent) else { return nil }
        sentCount += 1
        return id
    }

    /// Adds an exchange whose request waits for its turn; nil when there are as many as there can be.
    package mutating func addWaiting(
        _ receiver: any ReplyReceiver,
        _ deadlines: Deadlines,
        _ message: Message
    ) -> ExchangeID? {
        guard let id = add(receiver, deadlines, .waiting(message)) else { return nil }
        if waiting.count == waiting.capacity { compact() }
        waiting.append(id)
        return id
    }

    /// Takes the first request that waits, which is sent now: waiting → sent.
    package mutating func sendNext() -> (id: ExchangeID, message: Message)? {
        while firstWaiting < waiting.count {
            let id = waiting[firstWaiting]
            firstWaiting += 1
            if firstWaiting == waiting.count {
                waiting.removeAll(keepingCapacity: waiting.count < 1024)
                firstWaiting = 0
            }
            switch slots[id.index].phase {
            case .waiting(let message):
                slots[id.index].phase = .sent
                sentCount += 1
                return (id, message)
            case .abandoned:
                abandonedWaitingCount -= 1
                free(id.index)
            case .free, .sent:
                break
            }
        }
        return nil
    }

    /// A reply has come. Returns whose it is; nil when it belongs to nobody.
    package mutating func reply(to id: ExchangeID) -> (any ReplyReceiver)? {
        guard id.index < slots.count, number(id.index) == id else { return nil }
        switch slots[id.index].phase {
        case .sent:
            sentCount -= 1
            return free(id.index)
        case .abandoned(wasSent: true):
            free(id.index)
            return nil
        case .free, .waiting, .abandoned:
            return nil
        }
    }

    /// The caller gives up. Returns the exchange; nil when it has ended before.
    package mutating func abandon(_ id: ExchangeID) -> Ended? {
        guard number(id.index) == id else { return nil }
        let wasSent: Bool
        switch slots[id.index].phase {
        case .sent:
            wasSent = true
            sentCount -= 1
        case .waiting:
            wasSent = false
            abandonedWaitingCount += 1
        case .free, .abandoned:
            return nil
        }
        slots[id.index].phase = .abandoned(wasSent: wasSent)
        return slots[id.index].receiver.take().map { Ended(receiver: $0, wasSent: wasSent) }
    }

    /// The connection was lost. Returns whose replies will not come.
    package mutating func loseSent() -> [any ReplyReceiver] {
        var receivers: [any ReplyReceiver] = []
        for index in slots.indices {
            switch slots[index].phase {
            case .sent, .abandoned(wasSent: true):
                if let receiver = free(index) { receivers.append(receiver) }
            case .free, .waiting, .abandoned:
                break
            }
        }
        sentCount = 0
        return receivers
    }

    /// Gives up all. Returns those that were there.
    package mutating func abandonAll() -> [Ended] {
        slots.indices.compactMap { abandon(number($0)) }
    }

    /// Gives up those whose time is over at `now`.
    /// - Parameter isConnected: False if the deadlines for being sent count.
    /// - Returns: Those, with whether it is for want of a connection, and the earliest deadline of the rest.
    package mutating func endOverdue(
        at now: ContinuousClock.Instant,
        isConnected: Bool
    ) -> (ended: [(Ended, isUnconnected: Bool)], next: ContinuousClock.Instant?) {
        var ended: [(Ended, isUnconnected: Bool)] = []
        var next: ContinuousClock.Instant?
        for index in slots.indices {
            let deadlines = slots[index].deadlines
            let deadline: ContinuousClock.Instant?
            switch slots[index].phase {
            case .waiting: deadline = isConnected ? deadlines.overall : deadlines.first
            case .sent: deadline = deadlines.overall
            case .free, .abandoned: continue
            }
            guard let deadline else { continue }
            if deadline > now {
                next = min(deadline, next ?? deadline)
            } else if let exchange = abandon(number(index)) {
                let isUnconnected = deadlines.overall.map { $0 > now } ?? true
                ended.append((exchange, isUnconnected))
            }
        }
        return (ended, next)
    }

    private mutating func add(
        _ receiver: any ReplyReceiver,
        _ deadlines: Deadlines,
        _ phase: Phase
    ) -> ExchangeID? {
        guard firstFree == Self.noSlot else {
            let index = firstFree
            if case .free(let next) = slots[index].phase { firstFree = next }
            slots[index].phase = phase
            slots[index].receiver = receiver
            slots[index].deadlines = deadlines
            return number(index)
        }
        guard slots.count < ExchangeID.maximumCount else { return nil }
        slots.append(
            Slot(phase: phase, generation: firstGeneration, receiver: receiver, deadlines: deadlines)
        )
        return number(slots.count - 1)
    }

    private func number(_ index: Int) -> ExchangeID {
        ExchangeID(index: index, generation: slots[index].generation)
    }

    @discardableResult
    private mutating func free(_ index: Int) -> (any ReplyReceiver)? {
        slots[index].phase = .free(next: firstFree)
        slots[index].generation &+= 1
        firstFree = index
        return slots[index].receiver.take()
    }

    /// Before the list grows, those make room whose callers have gone.
    private mutating func compact() {
        guard firstWaiting > 0 || abandonedWaitingCount > 0 else { return }
        let kept = waiting[firstWaiting...].filter { id in
            guard case .abandoned = slots[id.index].phase else { return true }
            free(id.index)
            return false
        }
        waiting = kept
        firstWaiting = 0
        abandonedWaitingCount = 0
    }
}

import TaskwireRPC
import Testing

/// The numbers and the order of exchanges, without a socket.
@Suite("Exchange table")
struct ExchangeTableTests {
    private final class Receiver: ReplyReceiver {
        func received(_ reply: UnsafeRawBufferPointer) {}
        func failed(_ error: TransportError) {}
    }

    private static let start = ContinuousClock.now

    private static func deadlines(_ overall: Int?, connect: Int? = nil) -> ExchangeTable.Deadlines {
        ExchangeTable.Deadlines(
            overall: overall.map { start + .seconds($0) },
            connect: connect.map { start + .seconds($0) }
        )
    }

    private static func sent(
        _ table: inout ExchangeTable,
        _ receiver: Receiver,
        _ deadlines: ExchangeTable.Deadlines = deadlines(nil)
    ) throws -> ExchangeID {
        let id = table.addSent(receiver, deadlines)
        return try #require(id)
    }

    private static func waiting(_ table: inout ExchangeTable, _ receiver: Receiver) throws -> ExchangeID {
        let id = table.addWaiting(receiver, deadlines(nil), try Message("request"))
        return try #require(id)
    }

    @Test
    func `a reply belongs to the one whose request has its number, once`() throws {
        var table = ExchangeTable()
        let receivers = (0..<100).map { _ in Receiver() }
        let ids = try receivers.map { try Self.sent(&table, $0) }
        #expect(Set(ids).count == 100)
        #expect(ids.allSatisfy { $0.rawValue >= 0x8000_0000 })
        for (id, receiver) in zip(ids, receivers).shuffled() {
            #expect(table.reply(to: id) === receiver)
            #expect(table.reply(to: id) == nil)
        }
        #expect(table.sentCount == 0)
        #expect(!table.hasDemand)
    }

    @Test
    func `a number is not used again while a reply to it may come`() throws {
        var table = ExchangeTable()
        let abandoned = try Self.sent(&table, Receiver())
        #expect(table.abandon(abandoned)?.wasSent == true)
        var seen: Set<ExchangeID> = []
        for _ in 0..<10_000 {
            let id = try Self.sent(&table, Receiver())
            seen.insert(id)
            _ = table.reply(to: id)
        }
        #expect(!seen.contains(abandoned))
        #expect(table.reply(to: abandoned) == nil)
    }

    @Test
    func `requests that wait are sent in their order, but for those that were given up`() throws {
        var table = ExchangeTable()
        let receivers = (0..<1000).map { _ in Receiver() }
        let ids = try receivers.map { try Self.waiting(&table, $0) }
        for (index, id) in ids.enumerated() where index % 3 == 0 {
            #expect(table.abandon(id)?.wasSent == false)
            #expect(table.abandon(id) == nil)
        }
        var sent: [ExchangeID] = []
        while let next = table.sendNext() { sent.append(next.id) }
        #expect(sent == ids.enumerated().filter { $0.offset % 3 != 0 }.map(\.element))
        #expect(!table.hasWaiting)
        #expect(table.sentCount == sent.count)
    }

    @Test
    func `callers that give up while there is no connection leave nothing behind`() throws {
        var table = ExchangeTable()
        var seen: Set<ExchangeID> = []
        for _ in 0..<100_000 {
            let id = try Self.waiting(&table, Receiver())
            seen.insert(id)
            _ = table.abandon(id)
        }
        #expect(!table.hasDemand)
        #expect(table.sendNext() == nil)
        // Numbers are used again, though not those that are still in the line.
        #expect(seen.count < 100_000)
    }

    @Test
    func `a lost connection ends what was sent and nothing else`() throws {
        var table = ExchangeTable()
        let sent = Receiver()
        let id = try Self.sent(&table, sent)
        let abandoned = try Self.sent(&table, Receiver())
        _ = table.abandon(abandoned)
        let waiting = try Self.waiting(&table, Receiver())
        let lost = table.loseSent()
        #expect(lost.count == 1)
        #expect(lost.first === sent)
        #expect(table.reply(to: id) == nil)
        #expect(table.reply(to: abandoned) == nil)
        #expect(table.hasWaiting)
        #expect(table.sendNext()?.id == waiting)
    }

    @Test
    func `what is overdue ends, and the connect deadline counts only without a connection`() throws {
        var table = ExchangeTable()
        let sent = Receiver()
        let waiting = Receiver()
        _ = table.addSent(sent, Self.deadlines(5, connect: 1))
        _ = table.addWaiting(waiting, Self.deadlines(9, connect: 2), try Message("request"))
        var overdue = table.endOverdue(at: Self.start + .seconds(3), isConnected: true)
        #expect(overdue.ended.isEmpty)
        #expect(overdue.next == Self.start + .seconds(5))
        overdue = table.endOverdue(at: Self.start + .seconds(3), isConnected: false)
        #expect(overdue.ended.count == 1)
        #expect(overdue.ended.first?.0.receiver === waiting)
        #expect(overdue.ended.first?.isUnconnected == true)
        overdue = table.endOverdue(at: Self.start + .seconds(5), isConnected: true)
        #expect(overdue.ended.first?.0.receiver === sent)
        #expect(overdue.ended.first?.isUnconnected == false)
        #expect(overdue.next == nil)
    }

    @Test
    func `all are given up together`() throws {
        var table = ExchangeTable()
        let id = try Self.sent(&table, Receiver())
        _ = try Self.waiting(&table, Receiver())
        let ended = table.abandonAll()
        #expect(ended.map(\.wasSent).sorted { $0 && !$1 } == [true, false])
        #expect(table.abandonAll().isEmpty)
        #expect(table.reply(to: id) == nil)
        #expect(!table.hasDemand)
    }
}

import Taskwire
import TaskwireProtobuf
import TaskwireTestSupport

/// Somebody who makes bad connections and sends bad messages, the same ones for the same seed. It blocks.
///
/// It looks at every answer as well: over tcp each message that is framed as it should be has one, whatever is in it.
/// Over ipc nng ends connections, but leaves none alone.
struct Attacker {
    /// What was sent.
    struct Tally: Sendable {
        /// Connections that were bad from the beginning.
        var connections = 0
        /// Messages, the ends of connections in the middle of one among them.
        var messages = 0
        /// Answers to messages.
        var answers = 0

        static func + (left: Tally, right: Tally) -> Tally {
            Tally(
                connections: left.connections + right.connections,
                messages: left.messages + right.messages,
                answers: left.answers + right.answers
            )
        }
    }

    /// An answer that is none.
    struct WrongAnswer: Error {
        let description: String
    }

    /// What a connection begins with that is not to be one.
    private enum Opening: CaseIterable {
        case nothing, half, wrongProtocol, wrongMagic, otherProtocol, noise, secureNoise
    }

    private enum Ending: CaseIterable {
        case close, reset, resetUnread, tooLarge, endless, tooShort, unnumbered, halfHeader, halfBody
    }

    /// A connection on which messages have been sent and nothing was read.
    private struct Visit {
        let connection: RawConnection
        let messageCount: Int
        let ending: Ending
    }

    private let site: Site
    private let transport: Transport
    private let maxMessageBytes: Int
    private var messages: BadMessages
    private var visits: [Visit] = []
    /// Connections that stay and say nothing more.
    private var loiterers: [RawConnection] = []
    private var tally = Tally()

    private static let maxVisits = 24
    private static let maxLoiterers = 48

    /// Somebody whose choices follow from `seed`. At a port of TLS there are only bad beginnings.
    /// - Parameter maxMessageBytes: What the server takes.
    init(of site: Site, over transport: Transport, seed: UInt64, maxMessageBytes: Int) throws {
        self.site = site
        self.transport = transport
        self.maxMessageBytes = maxMessageBytes
        messages = try BadMessages(seed: seed)
    }

    /// Sends at least so many bad messages, bad connections counted.
    mutating func attack(count: Int) throws -> Tally {
        while tally.connections + tally.messages < count {
            if transport == .tls || Int.random(in: 0..<3, using: &messages.generator) == 0 {
                try intrude()
            } else {
                try visit()
            }
            if visits.count > Self.maxVisits { try leave(visits.removeFirst()) }
            if loiterers.count > Self.maxLoiterers { loiterers.removeFirst() }
        }
        while let visit = visits.popLast() { try leave(visit) }
        return tally
    }

    /// Connects, begins badly, and goes or stays.
    private mutating func intrude() throws {
        let connection = try site.connect(transport)
        // Who is not understood may have been turned out before the last byte.
        try connection.write(bytes(of: Opening.allCases.shuffled(using: &messages.generator)[0]))
        tally.connections += 1
        switch Int.random(in: 0..<3, using: &messages.generator) {
        case 0: loiterers.append(connection)
        case 1: connection.endAbruptly()
        default: break
        }
    }

    private mutating func bytes(of opening: Opening) -> [UInt8] {
        switch opening {
        case .nothing: []
        case .half: Array(Framing.greeting.prefix(Int.random(in: 1..<8, using: &messages.generator)))
        case .wrongProtocol: [0, 0x53, 0x50, 0, 0, 0x20, 0, 0]
        case .wrongMagic: [0, 0x53, 0x51, 0, 0, 0x30, 0, 0]
        case .otherProtocol: Array("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8)
        case .noise: messages.noise(upTo: 600)
        // The beginning of a record of TLS, as of a ClientHello.
        case .secureNoise: [0x16, 3, 1, 1, 0, 1, 0, 0, 252, 3, 3] + messages.noise(upTo: 600)
        }
    }

    /// Connects well, and sends bad messages.
    private mutating func visit() throws {
        let connection = try site.connect(transport)
        let count = Int.random(in: 1...40, using: &messages.generator)
        var bytes = Framing.greeting
        for number in 0..<count {
            bytes += connection.framing.message(messages.next(), number: UInt32(number))
        }
        // In two parts that end anywhere.
        let cut = Int.random(in: 0...bytes.count, using: &messages.generator)
        let isSent = try connection.write(Array(bytes[..<cut])) && connection.write(Array(bytes[cut...]))
        guard isSent || transport == .ipc else {
            throw WrongAnswer(description: "disconnected while writing")
        }
        tally.messages += count
        let ending = Ending.allCases.shuffled(using: &messages.generator)[0]
        visits.append(Visit(connection: connection, messageCount: count, ending: ending))
    }

    /// Reads the answers, and ends the connection badly.
    private mutating func leave(_ visit: Visit) throws {
        let connection = visit.connection
        if visit.ending != .resetUnread { try readAnswers(visit) }
        let framing = connection.framing
        var isServerToEnd = false
        switch visit.ending {
        case .close:
            return
        case .reset, .resetUnread:
            connection.endAbruptly()
        case .tooLarge:
            // It is answered, or the connection ends; the server may wait for the rest to throw it away.
            if try connection.write(framing.header(UInt64(maxMessageBytes) + 5) + [0x80, 0, 0, 1]) {
                _ = try connection.readReply()
            }
        case .endless:
            try connection.write(framing.header(.max - 39) + [0x80, 0, 0, 1])
            isServerToEnd = true
        case .tooShort:
            try connection.write(framing.header(2) + [1, 2])
            isServerToEnd = true
        case .unnumbered:
            try connection.write(framing.header(4) + [0, 0, 0, 1])
            isServerToEnd = true
        case .halfHeader:
            try connection.write(Array(framing.header(1000).dropLast(3)))
            loiterers.append(connection)
        case .halfBody:
            try connection.write(framing.header(UInt64(maxMessageBytes)) + [0x80, 0, 0, 1, 10])
            loiterers.append(connection)
        }
        tally.messages += 1
        if isServerToEnd { try connection.untilEnd() }
    }

    private mutating func readAnswers(_ visit: Visit) throws {
        var numbers: Set<UInt32> = []
        var hasEnded = try !visit.connection.readGreeting()
        while !hasEnded, numbers.count < visit.messageCount {
            guard let reply = try visit.connection.readReply() else {
                hasEnded = true
                break
            }
            _ = try reply.content.withUnsafeBytes { try RPCResponse(wire: $0, arena: Arena()) }
            guard reply.number < visit.messageCount, numbers.insert(reply.number).inserted else {
                throw WrongAnswer(description: "an answer to \(reply.number), which nobody had asked")
            }
        }
        guard !hasEnded || transport == .ipc else {
            throw WrongAnswer(description: "\(numbers.count) answers to \(visit.messageCount) messages")
        }
        tally.answers += numbers.count
    }
}

import Taskwire
import TaskwireProtobuf
import TaskwireTestSupport

/// Makes one attack after another of one kind over one transport. It blocks.
///
/// Nothing but the ends of connections that the server has to end is waited for: what becomes of the rest is the
/// server's affair.
struct AttackSeries {
    private let kind: AttackKind
    private let transport: Transport
    private let site: Site
    private let framing: Framing
    private let contents: [[UInt8]]
    private var generator: SeededGenerator
    /// Connections that stay open for a while.
    private var lingering: [RawConnection] = []

    private static let maxLingering = 4
    private static let resultByteCount = 8192
    /// Threads for each transport.
    private static let threadCount = 2

    /// Attacks so many times on each transport that the kind is for, on all of them at the same time.
    static func run(_ kind: AttackKind, count: Int, at site: Site, seed: UInt64) async throws {
        let contents = try await contents(at: site)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, transport) in kind.transports.enumerated() {
                for thread in 0..<threadCount {
                    group.addTask {
                        try await onThread {
                            var series = AttackSeries(
                                kind: kind,
                                transport: transport,
                                site: site,
                                framing: Framing(transport),
                                contents: contents,
                                generator: SeededGenerator(seed: seed &+ UInt64(index * threadCount + thread))
                            )
                            try series.attack(stride(from: thread, to: count, by: threadCount))
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    /// Contents of requests: no request, one that is answered at once, one with a larger answer, one that is refused, and
    /// one that waits until its connection ends.
    private static func contents(at site: Site) async throws -> [[UInt8]] {
        let (ended, open) = try await site.withClient { client in
            let ended = try await client.createTask().id
            let result = Payload(data: [UInt8](repeating: 7, count: resultByteCount))
            _ = try await client.completeTask(ended, result: result)
            return (ended, try await client.createTask().id)
        }
        let calls = [
            RPCCall("ServerService/Ping", EmptyRequest()),
            RPCCall("TaskService/GetTask", GetTaskRequest(taskID: ended, view: .full)),
            RPCCall("TaskService/CreateTask", CreateTaskRequest(taskID: open)),
            RPCCall("TaskService/AwaitResult", AwaitResultRequest(taskID: open)),
        ]
        return try [[UInt8](repeating: 0xff, count: 40)] + calls.map { try RPCRequest.call($0).encoded() }
    }

    private mutating func attack(_ numbers: StrideTo<Int>) throws {
        let limit = Duration.seconds(AttackLoad.minutes * 50)
        let deadline = ContinuousClock.now + limit
        for number in numbers {
            guard .now < deadline else { throw TimeLimitExceeded(limit: limit) }
            try attack(number)
            if lingering.count > Self.maxLingering { lingering.removeFirst() }
        }
    }

    private mutating func attack(_ number: Int) throws {
        switch kind {
        case .connectAndClose:
            let connection = try number.isMultiple(of: 2) ? site.connect(transport) : site.dial(transport)
            try leave(connection, number / 2)
        case .helloAndClose:
            let connection = try site.dial(transport)
            try connection.greet()
            if number.isMultiple(of: 2) { _ = try connection.readGreeting() }
            try leave(connection, number / 2)
        case .halfHello:
            let connection = try site.dial(transport)
            try connection.write(Array(Framing.greeting.prefix(1 + number % 7)))
            lingering.append(connection)
        case .helloOfServer:
            let connection = try site.dial(transport)
            let rest = number.isMultiple(of: 2) ? framing.message(contents[1], number: 1) : []
            try connection.write(Framing.answeringGreeting + rest)
            try connection.untilEnd()
        case .oneRequestAndClose: try request(1, number, isReset: false)
        case .fiveRequestsAndClose: try request(5, number, isReset: false)
        case .fiftyRequestsAndClose: try request(50, number, isReset: false)
        case .oneRequestAndReset: try request(1, number, isReset: true)
        case .fiveRequestsAndReset: try request(5, number, isReset: true)
        case .fiftyRequestsAndReset: try request(50, number, isReset: true)
        case .endlessHeader:
            let connection = try site.dial(transport)
            let header = Framing.greeting + framing.header(.max - 39)
            if number.isMultiple(of: 2) {
                try connection.write(header + [0x80, 0, 0, 1])
                try connection.untilEnd()
            } else {
                // The server may wait for the number of the request, to which it has an answer.
                try connection.write(header)
                lingering.append(connection)
            }
        case .cutMessage: try cutMessage(number)
        case .noise: try makeNoise(number)
        case .cutHandshake: try cutHandshake(number)
        case .wrongHandshake: try mistakeHandshake(number)
        case .leftHandshake: try leaveHandshake(number)
        }
    }

    /// Sends requests in one piece and ends the connection, more often than not before any answer.
    private func request(_ count: Int, _ number: Int, isReset: Bool) throws {
        let connection = try site.dial(transport)
        let messages = (0..<count).flatMap {
            framing.message(contents[(number + $0) % contents.count], number: UInt32($0))
        }
        try connection.write(Framing.greeting + messages)
        if number % 4 == 2 { _ = try connection.readGreeting() }
        // The last content has no answer.
        if number % 4 == 3, count >= contents.count, try connection.readGreeting() {
            _ = try connection.readReply()
        }
        if isReset { connection.endAbruptly() }
    }

    /// Ends the connection after every byte of a hello and a request, and of the TLS records of both.
    private func cutMessage(_ number: Int) throws {
        let connection = try site.dial(transport)
        let bytes = Framing.greeting + framing.message(contents[1], number: 1)
        if transport != .tls || number.isMultiple(of: 2) {
            try connection.write(Array(bytes.prefix(number % bytes.count)))
        } else {
            try connection.write(bytes, withoutLast: 1 + number % bytes.count)
        }
        try leave(connection, number / bytes.count)
    }

    private mutating func makeNoise(_ number: Int) throws {
        let connection = try number.isMultiple(of: 2) ? site.connect(transport) : site.dial(transport)
        let count = Int.random(in: 1...600, using: &generator)
        let noise = (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        try connection.write((number % 4 == 1 ? Framing.greeting : []) + noise)
        try leave(connection, number / 4)
    }

    private mutating func cutHandshake(_ number: Int) throws {
        let connection = try site.connect(transport)
        let session = TLSSession()
        _ = session.advance()
        let hello = session.takeOutput()
        // Seven is no factor of a length that matters, so that few attacks are spread over all offsets.
        try connection.write(Array(hello.prefix(number * 7 % hello.count)))
        if number % 3 == 2 { lingering.append(connection) } else { try leave(connection, number) }
    }

    private mutating func mistakeHandshake(_ number: Int) throws {
        let connection = try site.connect(transport)
        let session = TLSSession()
        _ = session.advance()
        var bytes = session.takeOutput()
        if number.isMultiple(of: 2) {
            guard let second = try goOn(with: session, over: connection, after: bytes) else { return }
            bytes = second
        }
        bytes[Int.random(in: bytes.indices, using: &generator)] ^=
            1 << UInt8.random(in: 0..<8, using: &generator)
        try connection.write(bytes)
        if number % 3 == 2 { lingering.append(connection) } else { try leave(connection, number) }
    }

    private func leaveHandshake(_ number: Int) throws {
        let connection = try site.connect(transport)
        let session = TLSSession()
        _ = session.advance()
        let hello = session.takeOutput()
        switch number / 2 % 4 {
        case 0:
            try connection.write(hello)
        case 1:
            try connection.write(hello)
            _ = try connection.readRaw(atMost: 65_536)
        case 2:
            guard let bytes = try goOn(with: session, over: connection, after: hello) else { return }
            try connection.write(bytes)
        default:
            guard let bytes = try goOn(with: session, over: connection, after: hello) else { return }
            try connection.write(Array(bytes.prefix(number * 7 % bytes.count)))
        }
        try leave(connection, number)
    }

    /// Sends a handshake's first bytes, and returns the second ones; nil when the server hung up.
    private func goOn(
        with session: TLSSession,
        over connection: RawConnection,
        after hello: [UInt8]
    ) throws -> [UInt8]? {
        var output = hello
        while try connection.write(output), let bytes = try connection.readRaw(atMost: 65_536) {
            session.receive(bytes[...])
            guard session.advance() != .failed else { break }
            output = session.takeOutput()
            guard output.isEmpty else { return output }
        }
        return nil
    }

    /// Ends a connection: well, by a reset, or as when its process is killed.
    private func leave(_ connection: RawConnection, _ number: Int) throws {
        switch number % 3 {
        case 0: try connection.sayGoodbye()
        case 1: connection.endAbruptly()
        default: break
        }
    }
}

import Glibc
import Synchronization
import TaskwireRPC
import TaskwireTestSupport
import Testing

/// Requests and replies, with a server at the other end.
@Suite(.timeLimit(.minutes(5)))
struct ExchangeTests {
    static let addresses = ["abstract", "ipc", "tcp"]

    private func address(_ scheme: String, _ folder: TemporaryFolder) throws -> Address {
        switch scheme {
        case "abstract": try uniqueAbstractAddress()
        case "ipc": try folder.address()
        default: try Address("tcp://127.0.0.1:0")
        }
    }

    @Test(arguments: addresses)
    func `round trips`(scheme: String) async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let peers = Mutex<Set<String>>([])
        let server = try await TestServer(on: address(scheme, folder)) { request in
            peers.withLock { _ = $0.insert(request.connection.peer) }
            return try? Message("\(request.connection.listener) \(request.message.text)")
        }
        let client = try makeClient(server.address)
        for number in 0..<100 {
            #expect(try await client.call("\(number)") == "\(server.address) \(number)")
        }
        #expect(client.connectFailure == nil)
        #expect(server.socket.connectionCount == 1)
        let peer = try #require(peers.withLock { $0.count == 1 ? $0.first : nil })
        switch scheme {
        case "tcp": #expect(peer.hasPrefix("127.0.0.1:"))
        default: #expect(peer == "ipc uid=\(getuid()) pid=\(getpid())")
        }
        try await within { await client.close() }
        try await eventually { server.socket.connectionCount == 0 }
        try await server.stop()
    }

    @Test(arguments: addresses)
    func `a thousand exchanges at once`(scheme: String) async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let server = try await TestServer(on: address(scheme, folder)) { request in
            await Task.yield()
            return request.message
        }
        let client = try makeClient(server.address) { $0.maximumExchanges = 300 }
        try await within(.seconds(60)) {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<1000 {
                    group.addTask {
                        let reply = try await client.call("n\(number)", timeout: .seconds(50))
                        #expect(reply == "n\(number)")
                    }
                }
                try await group.waitForAll()
            }
        }
        await client.close()
        try await server.stop()
    }

    @Test
    func `empty and large messages`() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let server = try await TestServer(on: folder.address())
        let client = try makeClient(server.address)
        #expect(try await client.call("") == "")
        let size = 4 << 20
        let reply = try await client.exchange(try Message(size: size), deadline: .now + .seconds(60))
        #expect(reply.count == size)
        await client.close()
        try await server.stop()
    }

    @Test
    func `messages over the limit leave other callers alone`() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        var limits = ReplySocket.Configuration()
        limits.maximumMessageSize = 1000
        limits.maximumSkippedSize = 100_000
        let gate = Gate()
        let handlers = RequestHandlers(
            answer: { request in
                switch request.message.text {
                case "wait": await gate.pass()
                case "grow": return .reply(try? Message(size: 1001))
                case "large": return .reply(try? Message(size: 11))
                default: break
                }
                return .reply(request.message)
            },
            refuse: { refusal, _ in
                guard case .tooLarge(let byteCount) = refusal else { return nil }
                return try? Message("too large: \(byteCount)")
            }
        )
        let server = try await TestServer(on: folder.address(), configuration: limits, handlers: handlers)
        let client = try makeClient(server.address) { $0.maximumMessageSize = 1000 }
        async let waiting = client.call("wait")
        try await eventually { gate.arrivals == 1 }

        let tooLarge = try await client.callError(String(repeating: "x", count: 1001))
        #expect(tooLarge.code == .messageTooLarge)
        #expect(!tooLarge.mayHaveBeenSent)
        #expect(tooLarge.message.contains("1001"))
        let largest = String(repeating: "x", count: 1000)
        #expect(try await client.call(largest) == largest)
        // A reply that is too large is not sent, since it would end the connection.
        let noReply = await #expect(throws: TransportError.self) {
            try await client.call("grow", timeout: .milliseconds(200))
        }
        #expect(noReply?.code == .timedOut)

        // A client without our limit is told, on a connection that goes on.
        let careless = try makeClient(server.address)
        #expect(try await careless.call(String(repeating: "x", count: 1001)) == "too large: 1001")
        #expect(try await careless.call("small") == "small")
        #expect(careless.connectionCount == 1)
        // Beyond what is read and thrown away the connection ends with the answer.
        #expect(try await careless.call(String(repeating: "x", count: 100_001)) == "too large: 100001")
        try await eventually { !careless.isConnected }
        #expect(try await careless.call("small") == "small")
        #expect(careless.connectionCount == 2)

        // A reply above the client's limit fails that call, and no other.
        let small = try makeClient(server.address) { $0.maximumMessageSize = 10 }
        async let held = small.call("wait")
        try await eventually { gate.arrivals == 2 }
        let tooLong = try await small.callError("large")
        #expect(tooLong.code == .messageTooLarge && tooLong.mayHaveBeenSent)

        gate.open()
        #expect(try await waiting == "wait")
        #expect(try await held == "wait")
        #expect(small.connectionCount == 1)
        await small.close()
        await careless.close()
        await client.close()
        try await server.stop()
    }

    @Test
    func `a call waits for a server that comes later`() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let address = try folder.address()
        let client = try makeClient(address)
        async let reply = client.call("early")
        try await eventually { client.connectFailure?.code == .connectionRefused }
        #expect(client.connectFailure?.message.contains("\(address)") == true)
        let server = try await TestServer(on: address)
        #expect(try await reply == "early")
        #expect(client.connectFailure == nil)
        await client.close()
        try await server.stop()
    }

    @Test
    func `failing fast tells why there is no connection`() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let client = try makeClient(folder.address()) { $0.failFast = .milliseconds(100) }
        let start = ContinuousClock.now
        let error = try await client.callError("x")
        #expect(error.code == .connectionRefused)
        #expect(!error.mayHaveBeenSent)
        let elapsed = ContinuousClock.now - start
        #expect(elapsed >= .milliseconds(100) && elapsed < .seconds(2))
        await client.close()
    }

    @Test(arguments: ["ipc", "tcp"])
    func `a restarted server is found again`(scheme: String) async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let gate = Gate()
        let first = try await TestServer(on: address(scheme, folder)) { request in
            if request.message.text == "wait" { await gate.pass() }
            return Task.isCancelled ? nil : request.message
        }
        let client = try makeClient(first.address)
        #expect(try await client.call("one") == "one")
        async let lost = client.callError("wait")
        try await eventually { gate.arrivals == 1 }
        try await first.stop()
        let error = try await lost
        #expect(error.code == .connectionReset)
        #expect(error.mayHaveBeenSent)
        #expect(error.message.contains("\(first.address)"))

        async let early = client.call("two")
        let second = try await TestServer(on: first.address)
        #expect(try await early == "two")
        try await second.stop()
        // Until it has noticed, the client sends what nobody will answer.
        try await eventually { client.connectFailure != nil }
        let third = try await TestServer(on: first.address)
        #expect(try await client.call("three") == "three")
        await client.close()
        try await third.stop()
    }

    /// nng's own dialer for ipc is dead for good after the first server that goes before it was greeted.
    @Test(arguments: [[], replierGreeting])
    func `a client outlives servers that hang up`(greeting: [UInt8]) async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let address = try folder.address()
        let visits = Atomic(0)
        let listener = try RawListener(on: address) { connection in
            connection.write(greeting)
            visits.add(1, ordering: .relaxed)
            return nil
        }
        let client = try makeClient(address) {
            $0.minimumBackoff = .milliseconds(1)
            $0.maximumBackoff = .milliseconds(1)
        }
        let calls = Task {
            while !Task.isCancelled { _ = try? await client.call("before") }
        }
        try await eventually { visits.load(ordering: .relaxed) >= 100 }
        calls.cancel()
        await calls.value
        listener.stop()
        let server = try await TestServer(on: address)
        // The first may still meet the last one that hangs up.
        try await eventually { (try? await client.call("after")) == "after" }
        await client.close()
        try await server.stop()
    }

    /// What nng would do by itself: the server may have carried the request out.
    @Test(arguments: ["ipc", "tcp"])
    func `a request whose connection breaks is not sent again`(scheme: String) async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let requests = Mutex<[String]>([])
        let listener = try RawListener(on: address(scheme, folder)) { connection in
            connection.write(replierGreeting)
            let lengthPrefix: [UInt8] = scheme == "ipc" ? [1] : []
            let text = "one"
            let bodyByteCount = 4 + text.utf8.count
            guard connection.read(replierGreeting.count) == requesterGreeting,
                let frame = connection.read(lengthPrefix.count + 8 + bodyByteCount)
            else { return nil }
            let request = String(decoding: frame.suffix(text.utf8.count), as: UTF8.self)
            requests.withLock { $0.append(request) }
            guard requests.withLock({ $0.count > 1 }) else { return nil }
            connection.write(frame)
            return connection
        }
        let client = try makeClient(listener.address)
        let error = try await client.callError("one")
        #expect(error.code == .connectionReset && error.mayHaveBeenSent, "\(error)")
        #expect(try await client.call("two") == "two")
        #expect(requests.withLock(\.self) == ["one", "two"])
        await client.close()
        listener.stop()
    }

    /// So that one whose machine is gone does not stay connected for ever.
    @Test
    func `both ends ask a silent peer whether it is there`() async throws {
        let server = try await TestServer(on: Address("tcp://127.0.0.1:0"))
        let client = try makeClient(server.address)
        #expect(try await client.call("x") == "x")
        #expect(try RawSocket.keepalives(ofConnectionsTo: server.address) == [true, true])
        await client.close()
        try await server.stop()
    }

    @Test
    func `cancelled and late replies never reach another caller`() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let server = try await TestServer(on: folder.address()) { request in
            // Late by up to 4 ms, so that replies cross with cancellations and deadlines.
            let sum = request.message.text.utf8.reduce(0) { $0 + Int($1) }
            try? await Task.sleep(for: .milliseconds(sum % 5))
            return request.message
        }
        let client = try makeClient(server.address) { $0.maximumExchanges = 8 }
        let good = try await within(.seconds(60)) {
            await withTaskGroup(of: Int.self) { group in
                for caller in 0..<32 {
                    group.addTask { await crossingCalls(caller, client) }
                }
                return await group.reduce(0, +)
            }
        }
        // A third of the calls is cancelled and a third may be too late; the rest succeed.
        #expect(good >= 32 * 20)
        await client.close()
        try await server.stop()
    }

    /// Makes 60 calls of which some are given up, and returns how many had a reply.
    private func crossingCalls(_ caller: Int, _ client: RequestSocket) async -> Int {
        var replies = 0
        for number in 0..<60 {
            let text = "\(caller)/\(number)"
            let timeout = Duration.milliseconds(number % 3 == 0 ? 3 : 15_000)
            let task = Task { try await client.call(text, timeout: timeout) }
            if number % 3 == 1 {
                try? await Task.sleep(for: .milliseconds(number % 5))
                task.cancel()
            }
            if let reply = try? await task.value {
                #expect(reply == text)
                replies += 1
            }
        }
        return replies
    }

    @Test
    func `a deadline ends a call that is not answered`() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let gate = Gate()
        let server = try await TestServer(on: folder.address()) { request in
            if request.message.text == "wait" { await gate.pass() }
            return request.message
        }
        let client = try makeClient(server.address)
        #expect(try await client.call("warm") == "warm")
        for timeout in [Duration.milliseconds(50), .milliseconds(200)] {
            let start = ContinuousClock.now
            let error = try await client.callError("wait", timeout: timeout)
            let elapsed = ContinuousClock.now - start
            #expect(error.code == .timedOut)
            #expect(error.mayHaveBeenSent)
            #expect(elapsed >= timeout)
        }
        // One that has passed before the call.
        #expect(try await client.callError("wait", timeout: .seconds(-1)).code == .timedOut)
        gate.open()
        #expect(try await client.call("after") == "after")
        await client.close()
        try await server.stop()
    }

    @Test
    func `cancellation ends a call, sent or not`() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let gate = Gate()
        let server = try await TestServer(on: folder.address()) { request in
            if request.message.text == "wait" { await gate.pass() }
            return request.message
        }
        let client = try makeClient(server.address) { $0.maximumExchanges = 1 }
        let sent = Task { try await client.callError("wait") }
        try await eventually { gate.arrivals == 1 }
        let queued = Task { try await client.callError("queued") }
        let next = Task { try await client.call("next") }
        queued.cancel()
        let first = try await within { try await queued.value }
        #expect(first.code == .cancelled)
        #expect(!first.mayHaveBeenSent)
        sent.cancel()
        let second = try await within { try await sent.value }
        #expect(second.code == .cancelled)
        #expect(second.mayHaveBeenSent)
        #expect(try await within { try await next.value } == "next")
        // Cancelled before it begins.
        let early = Task {
            while !Task.isCancelled { await Task.yield() }
            return try await client.callError("early")
        }
        early.cancel()
        let third = try await within { try await early.value }
        #expect(third.code == .cancelled)
        #expect(!third.mayHaveBeenSent)
        #expect(try await client.call("after") == "after")
        gate.open()
        await client.close()
        try await server.stop()
    }

    @Test
    func `closing ends what is pending`() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let gate = Gate()
        let server = try await TestServer(on: folder.address()) { request in
            await gate.pass()
            return request.message
        }
        let client = try makeClient(server.address) { $0.maximumExchanges = 2 }
        try await within {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<5 {
                    group.addTask {
                        let error = try await client.callError("wait")
                        #expect(error.code == .closed)
                    }
                }
                try await eventually { gate.arrivals == 2 }
                await client.close()
                try await group.waitForAll()
            }
            await client.close()
        }
        #expect(try await client.callError("after").code == .closed)
        gate.open()
        try await server.stop()
    }

    @Test
    func `closing and dropping without a server`() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        for _ in 0..<20 {
            let client = try makeClient(folder.address())
            let call = Task { try await client.callError("x") }
            try await within { await client.close() }
            #expect(try await within { try await call.value }.code == .closed)
        }
        let threads = try threadCount()
        for _ in 0..<20 {
            let client = try makeClient(folder.address())
            #expect(try await client.callError("x", timeout: .milliseconds(5)).code == .timedOut)
        }
        // Each dropped socket would keep a thread if its connecting were not ended.
        try await eventually { try threadCount() <= threads + 8 }
    }

    @Test(arguments: 1...2)
    func `closing cuts an attempt short at a server that says nothing`(endpointCount: Int) async throws {
        let silent = try RawListener(on: Address("tcp://127.0.0.1:0")) { $0 }
        try await withThrowingTaskGroup { group in
            for _ in 0..<32 {
                group.addTask {
                    let endpoints = Array(repeating: Endpoint(silent.address), count: endpointCount)
                    let client = try makeClient(silent.address) { $0.endpoints = endpoints }
                    async let error = client.callError("x")
                    try await within { await client.close() }
                    let code = try await error.code
                    #expect(code == .closed)
                }
            }
            try await group.waitForAll()
        }
        silent.stop()
    }

    @Test
    func `closing at the moment at which an attempt ends harms nobody`() async throws {
        let server = try await TestServer(on: uniqueAbstractAddress())
        let refused = try uniqueAbstractAddress()
        try await within {
            for round in 0..<100 {
                await withTaskGroup { group in
                    for number in 0..<16 {
                        group.addTask {
                            guard let client = try? makeClient(number % 2 == 0 ? server.address : refused)
                            else {
                                return
                            }
                            async let answer = try? client.call("x", timeout: .seconds(20))
                            for _ in 0..<(round % 10) * number { await Task.yield() }
                            await client.close()
                            _ = await answer
                        }
                    }
                }
            }
        }
        let client = try makeClient(server.address)
        #expect(try await client.call("x") == "x")
        await client.close()
        try await server.stop()
    }

    private func threadCount() throws -> Int {
        guard let folder = opendir("/proc/self/task") else { throw TestFailure("no /proc") }
        defer { closedir(folder) }
        var count = 0
        while readdir(folder) != nil { count += 1 }
        return count
    }

    @Test
    func `a server whose header claims all memory loses its connection`() async throws {
        let claims: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xD8]
        let listener = try RawListener(on: Address("tcp://127.0.0.1:0")) { connection in
            connection.write(replierGreeting)
            // The client's greeting, and the first byte of its request.
            _ = connection.read(9)
            connection.write(claims)
            return connection
        }
        let client = try makeClient(listener.address)
        let error = try await client.callError("hello")
        #expect(error.code == .connectionReset && error.mayHaveBeenSent, "\(error)")
        await client.close()
        listener.stop()
        let server = try await TestServer(on: Address("tcp://127.0.0.1:0"))
        let other = try makeClient(server.address)
        #expect(try await other.call("after") == "after")
        await other.close()
        try await server.stop()
    }
}

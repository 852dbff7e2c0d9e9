import Glibc
import Synchronization
import TaskwireRPC
import TaskwireTestSupport
import Testing

/// Listening, guarding and stopping.
@Suite(.timeLimit(.minutes(5)))
struct ReplySocketTests {
    @Test
    func `an ipc listener outlives clients that connect and close`() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let address = try folder.address()
        let server = try await TestServer(on: address)
        let client = try makeClient(address)
        #expect(try await client.call("first") == "first")
        for number in 0..<200 {
            // The path is always there, whoever listens.
            _ = try RawSocket(connectingTo: address)
            #expect(try await client.call("\(number)") == "\(number)")
        }
        // New clients come in, in the end.
        try await eventually {
            let another = try makeClient(address)
            let reply = try? await another.call("new", timeout: .seconds(2))
            await another.close()
            return reply == "new"
        }
        #expect(try await client.call("still") == "still")
        await client.close()
        try await server.stop()
    }

    @Test
    func `a header that claims all memory ends its connection only`() async throws {
        let server = try await TestServer(on: Address("tcp://127.0.0.1:0"))
        let client = try makeClient(server.address)
        #expect(try await client.call("before") == "before")
        let attacker = try RawSocket(connectingTo: server.address)
        attacker.write(requesterGreeting)
        attacker.write([0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xD8, 0x80, 0, 0, 1])
        #expect(attacker.waitForEnd())
        #expect(try await client.call("after") == "after")
        await client.close()
        try await server.stop()
    }

    @Test(arguments: [
        [], Array(requesterGreeting.prefix(5)), requesterGreeting + [1, 0, 0],
        requesterGreeting + [
            1, 0, 0, 0, 0, 0, 0, 0, 9, 0x80, 0, 0, 1, 65,
        ],
    ])
    func `a peer that stops within its greeting or a message is disconnected`(bytes: [UInt8]) async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        var configuration = ReplySocket.Configuration()
        configuration.greetingTimeout = .milliseconds(100)
        configuration.messageTimeout = .milliseconds(100)
        let server = try await TestServer(on: folder.address(), configuration: configuration)
        let client = try makeClient(server.address)
        #expect(try await client.call("before") == "before")
        let silent = try RawSocket(connectingTo: server.address)
        silent.write(bytes)
        #expect(silent.waitForEnd())
        // One that has said all that it had to say stays.
        #expect(try await client.call("after") == "after")
        #expect(client.connectionCount == 1)
        await client.close()
        try await server.stop()
    }

    @Test
    func `a connection whose calls are all carried out reads on, and notices its peer's end`() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let gate = Gate()
        var configuration = ReplySocket.Configuration()
        configuration.maximumCallsPerConnection = 2
        let server = try await TestServer(on: folder.address(), configuration: configuration) { request in
            await request.connection.withCancellationOnClose { await gate.pass() }
            return request.message
        }
        let client = try makeClient(server.address)
        let calls = (0..<5).map { number in Task { try await client.call("\(number)") } }
        try await eventually { gate.arrivals == 2 }
        gate.open()
        for (number, call) in calls.enumerated() { #expect(try await call.value == "\(number)") }
        #expect(gate.arrivals == 5)

        let closed = Gate()
        let other = try await TestServer(on: folder.address("t"), configuration: configuration) { request in
            await request.connection.withCancellationOnClose { await closed.pass() }
            return request.message
        }
        let leaving = try makeClient(other.address)
        let lost = (0..<5).map { number in Task { try await leaving.callError("\(number)") } }
        try await eventually { closed.arrivals == 2 }
        await leaving.close()
        for call in lost { #expect(try await call.value.code == .closed) }
        try await eventually { closed.cancellations == 2 && other.socket.connectionCount == 0 }
        await client.close()
        try await server.stop()
        try await other.stop()
    }

    @Test
    func `requests without a number and noise are survived`() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        for address in [try folder.address(), try Address("tcp://127.0.0.1:0")] {
            let server = try await TestServer(on: address)
            let header: [UInt8] = address.isIPC ? [1] : []
            for bytes: [UInt8] in [
                requesterGreeting + header + [0, 0, 0, 0, 0, 0, 0, 2, 1, 2],
                requesterGreeting + header + [0, 0, 0, 0, 0, 0, 0, 0],
                [0, 0x53, 0x50, 0, 0, 0x10, 0, 0],
                Array("GET / HTTP/1.1\r\n\r\n".utf8),
            ] {
                let attacker = try RawSocket(connectingTo: server.address)
                attacker.write(bytes)
                #expect(attacker.waitForEnd())
            }
            try await eventually {
                let client = try makeClient(server.address)
                let reply = try? await client.call("good", timeout: .seconds(2))
                await client.close()
                return reply == "good"
            }
            try await server.stop()
        }
    }

    @Test
    func `one server owns a path`() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let address = try folder.address()
        let first = try await TestServer(on: address)
        let client = try makeClient(address)
        #expect(try await client.call("one") == "one")
        let second = ReplySocket()
        let error = await #expect(throws: TransportError.self) { try await second.listen(on: address) }
        #expect(error?.code == .addressInUse)
        #expect(error?.message == "Another server is already listening on \(address).")
        #expect(try await client.call("two") == "two")
        try await first.stop()
        #expect(try await second.listen(on: address) == address)
        try await within { await second.stop(grace: .zero) }
        await client.close()
    }

    @Test
    func `one server owns a port`() async throws {
        let first = try await TestServer(on: Address("tcp://127.0.0.1:0"))
        #expect(first.address.description != "tcp://127.0.0.1:0")
        let second = ReplySocket()
        let error = await #expect(throws: TransportError.self) { try await second.listen(on: first.address) }
        #expect(error?.code == .addressInUse)
        let secure = await #expect(throws: TransportError.self) {
            try await second.listen(on: Address("tls+tcp://127.0.0.1:0"))
        }
        #expect(secure?.code == .addressInvalid)
        await second.stop(grace: .zero)
        let closed = await #expect(throws: TransportError.self) { try await second.listen(on: first.address) }
        #expect(closed?.code == .closed)
        try await first.stop()
    }

    @Test
    func `several listeners at once`() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let server = try await TestServer(on: folder.address()) { request in
            try? Message("\(request.connection.listener)")
        }
        let others = [
            try await server.socket.listen(on: folder.address("t")),
            try await server.socket.listen(on: uniqueAbstractAddress()),
            try await server.socket.listen(on: Address("tcp://[::1]:0")),
        ]
        for address in [server.address] + others {
            let client = try makeClient(address)
            #expect(try await client.call("") == "\(address)")
            await client.close()
        }
        try await server.stop()
    }

    @Test
    func `the socket of a killed server is replaced`() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let address = try folder.address()
        // A socket file that nobody listens at.
        try RawListener(on: address) { _ in nil }.stop()
        let server = try await TestServer(on: address)
        let client = try makeClient(address)
        #expect(try await client.call("x") == "x")
        await client.close()
        try await server.stop()
    }

    @Test
    func `a file that is no socket is left alone`() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        close(open("\(folder.path)/s", O_CREAT | O_WRONLY, 0o600))
        let server = ReplySocket()
        let error = await #expect(throws: TransportError.self) {
            try await server.listen(on: folder.address())
        }
        #expect(error?.code == .addressInvalid)
        #expect(access("\(folder.path)/s", F_OK) == 0)
        await server.stop(grace: .zero)
    }

    @Test
    func `folders and sockets are for their owner`() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let address = try folder.address("new/s")
        let server = try await TestServer(on: address)
        #expect(try mode("\(folder.path)/new") == S_IFDIR | 0o700)
        #expect(try mode("\(folder.path)/new/s") == S_IFSOCK | 0o600)
        try await server.stop()
        #expect(access("\(folder.path)/new/s", F_OK) != 0)
        unlink("\(folder.path)/new/s.lock")
        rmdir("\(folder.path)/new")

        // A folder that exists keeps its mode.
        chmod(folder.path, 0o755)
        let second = try await TestServer(on: folder.address())
        #expect(try mode(folder.path) == S_IFDIR | 0o755)
        try await second.stop()

        // A folder under /tmp that someone else made may be a trap. Only root can make one for the test.
        if geteuid() == 0 {
            chown(folder.path, 12345, 12345)
            let third = ReplySocket()
            let error = await #expect(throws: TransportError.self) {
                try await third.listen(on: folder.address())
            }
            #expect(error?.code == .permissionDenied)
            chown(folder.path, 0, 0)
            await third.stop(grace: .zero)
        }
    }

    private func mode(_ path: String) throws -> UInt32 {
        var status = stat()
        guard stat(path, &status) == 0 else { throw TestFailure("no \(path)") }
        return status.st_mode
    }

    @Test(arguments: ["ipc", "abstract"])
    func `a closed connection cancels what waits for it`(scheme: String) async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let gate = Gate()
        let address = try scheme == "ipc" ? folder.address() : uniqueAbstractAddress()
        let server = try await TestServer(on: address) { request in
            await request.connection.withCancellationOnClose {
                if request.message.text == "wait" { await gate.pass() }
            }
            return request.message
        }
        let staying = try makeClient(server.address)
        let leaving = try makeClient(server.address)
        async let kept = staying.call("wait")
        let lost = Task { try await leaving.callError("wait") }
        try await eventually { gate.arrivals == 2 }
        // Scopes that have ended are not cancelled.
        #expect(try await leaving.call("quick") == "quick")
        await leaving.close()
        #expect(try await lost.value.code == .closed)
        try await eventually { gate.cancellations == 1 }
        // Cancelled loops are replaced: everything goes on.
        for number in 0..<50 { #expect(try await staying.call("\(number)") == "\(number)") }
        gate.open()
        #expect(try await kept == "wait")
        #expect(gate.cancellations == 1)
        await staying.close()
        try await server.stop()
    }

    @Test
    func `a scope on a connection that is gone is cancelled at once`() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let gate = Gate()
        let connections = Mutex<[Connection]>([])
        let server = try await TestServer(on: folder.address()) { request in
            connections.withLock { $0.append(request.connection) }
            return request.message
        }
        let client = try makeClient(server.address)
        #expect(try await client.call("x") == "x")
        await client.close()
        try await eventually { server.socket.connectionCount == 0 }
        let connection = try #require(connections.withLock { $0.first })
        try await within {
            await Task {
                await connection.withCancellationOnClose { await gate.pass() }
            }.value
        }
        #expect(gate.cancellations == 1)
        try await server.stop()
    }

    @Test
    func `thousands of waits leave room for other calls`() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let gate = Gate()
        let server = try await TestServer(on: folder.address()) { request in
            if request.message.text.hasPrefix("wait") {
                await request.connection.withCancellationOnClose { await gate.pass() }
            }
            return request.message
        }
        let waiting = try makeClient(server.address)
        let quick = try makeClient(server.address)
        try await within(.seconds(60)) {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<2000 {
                    group.addTask {
                        let reply = try await waiting.call("wait \(number)", timeout: .seconds(50))
                        #expect(reply == "wait \(number)")
                    }
                }
                try await eventually(.seconds(40)) { gate.arrivals == 2000 }
                for number in 0..<100 { #expect(try await quick.call("\(number)") == "\(number)") }
                gate.open()
                try await group.waitForAll()
            }
        }
        await waiting.close()
        await quick.close()
        try await server.stop()
    }

    @Test
    func `stopping lets running calls finish`() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let gate = Gate()
        let server = try await TestServer(on: folder.address()) { request in
            await gate.pass()
            return Task.isCancelled ? nil : request.message
        }
        let client = try makeClient(server.address)
        // Large, so that a part of it is on its way when the socket closes.
        let size = 3 << 20
        let running = Task { try await client.exchange(try Message(size: size)).count }
        try await eventually { gate.arrivals == 1 }
        let stopping = Task { try await server.stop(grace: .seconds(60)) }
        // Nobody new is let in.
        try await eventually { access("\(folder.path)/s", F_OK) != 0 }
        let late = try makeClient(server.address) { $0.failFast = .seconds(1) }
        #expect(try await late.callError("late").code == .connectionRefused)
        gate.open()
        #expect(try await within { try await running.value } == size)
        try await within { try await stopping.value }
        await late.close()
        await client.close()
    }

    @Test
    func `stopping cancels calls that take too long`() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let gate = Gate()
        let server = try await TestServer(on: folder.address()) { request in
            if request.message.text == "wait" { await gate.pass() }
            return try? Message(Task.isCancelled ? "cancelled" : "done")
        }
        let client = try makeClient(server.address)
        async let running = client.call("wait")
        try await eventually { gate.arrivals == 1 }
        let start = ContinuousClock.now
        try await server.stop(grace: .milliseconds(200))
        #expect(ContinuousClock.now - start >= .milliseconds(200))
        #expect(gate.cancellations == 1)
        // What a cancelled handler has to say is still sent.
        #expect(try await running == "cancelled")
        try await server.stop()
        await client.close()
    }

    @Test
    func `a reader that stops reading is disconnected`() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        var configuration = ReplySocket.Configuration()
        configuration.sendTimeout = .milliseconds(200)
        let requestCount = Atomic(0)
        let server = try await TestServer(on: folder.address(), configuration: configuration) { _ in
            requestCount.add(1, ordering: .relaxed)
            return try? Message(size: 1 << 20)
        }
        let reader = try RawSocket(connectingTo: server.address)
        reader.write(requesterGreeting)
        for number in 0..<5 {
            reader.write([1, 0, 0, 0, 0, 0, 0, 0, 4, 0x80, 0, 0, UInt8(number)])
        }
        try await eventually { requestCount.load(ordering: .relaxed) > 0 }
        try await eventually { server.socket.connectionCount == 0 }
        let client = try makeClient(server.address)
        #expect(try await client.exchange(try Message("x")).count == 1 << 20)
        await client.close()
        try await server.stop()
    }

    @Test
    func `cancelling run stops the socket`() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let socket = ReplySocket()
        let address = try await socket.listen(on: folder.address())
        let running = Task { await socket.run(RequestHandlers { .reply($0.message) }) }
        let client = try makeClient(address)
        #expect(try await client.call("x") == "x")
        running.cancel()
        try await within { await running.value }
        #expect(access("\(folder.path)/s", F_OK) != 0)
        await client.close()
    }

    @Test
    func `a socket that is dropped gives its path back`() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        for _ in 0..<3 {
            let address = try folder.address()
            try await eventually {
                // Each pass drops the socket of the one before.
                let socket = ReplySocket()
                return (try? await socket.listen(on: address)) != nil
            }
        }
    }
}

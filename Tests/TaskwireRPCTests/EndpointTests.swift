import Foundation
import TaskwireRPC
import TaskwireTestSupport
import Testing

/// A client that knows several servers.
@Suite("Several servers")
struct EndpointTests {
    /// Servers that reply with their numbers.
    private static func servers(_ count: Int, in folder: TemporaryFolder) async throws -> [TestServer] {
        var servers: [TestServer] = []
        for number in 0..<count {
            // Mixed, as they may be.
            let address = number == 0 ? try Address("tcp://127.0.0.1:0") : try folder.address("s\(number)")
            servers.append(try await TestServer(on: address) { _ in try? Message("\(number)") })
        }
        return servers
    }

    @Test
    func `clients spread over the servers, and those of one that is lost over the others`() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let servers = try await Self.servers(3, in: folder)
        let (a, b, c) = (servers[0].address, servers[1].address, servers[2].address)
        let clients = try (0..<90).map { _ in try makeClient(a, b, c) }
        var places: [String] = []
        for client in clients { places.append(try await client.call("?")) }
        #expect(Set(places) == ["0", "1", "2"])
        for (client, place) in zip(clients, places) {
            #expect(try await client.call("?") == place, "it stays as long as that works")
            let number = try #require(Int(place))
            #expect(client.peer == servers[number].address)
        }

        try await servers[0].stop()
        var moved: [String] = []
        for (client, place) in zip(clients, places) {
            // One whose client has not noticed may still take a request, and never answer.
            try await eventually {
                let reply = try? await client.call("?")
                if place != "0" { #expect(reply == place) }
                return reply == "1" || reply == "2"
            }
            if place == "0" { moved.append(try await client.call("?")) }
        }
        #expect(Set(moved) == ["1", "2"])
        for client in clients { await client.close() }
        for server in servers.dropFirst() { try await server.stop() }
    }

    @Test
    func `the next server is tried at once, and a pause comes only when all have failed`() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let server = try await TestServer(on: folder.address("up"))
        let (down, port) = (try folder.address("down"), try Address("tcp://127.0.0.1:9"))
        for _ in 0..<20 {
            let client = try makeClient(down, port, server.address) {
                $0.minimumBackoff = .seconds(3600)
                $0.maximumBackoff = .seconds(3600)
            }
            #expect(try await client.call("x") == "x")
            // It may be told of the connection a little later.
            try await eventually { client.connectFailure == nil }
            await client.close()
        }
        try await server.stop()
    }

    @Test
    func `when all are down, each is named with its reason, and the first that comes is used`() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let first = try folder.address("first")
        let second = try Address("tcp://127.0.0.1:9")
        let third = try folder.address("third")
        let client = try makeClient(first, second, third) { $0.failFast = .seconds(3) }
        let error = try await client.callError("x")
        #expect(error.code == .connectionRefused && !error.mayHaveBeenSent)
        let sentences = try [first, second, third].map { address in
            try #require(error.message.range(of: "Connecting to \(address) failed: Connection refused."))
        }
        #expect(sentences[0].upperBound < sentences[1].lowerBound, "\(error)")
        #expect(sentences[1].upperBound < sentences[2].lowerBound, "\(error)")

        let patient = try makeClient(first, second, third)
        async let reply = patient.call("x")
        try await eventually { patient.connectFailure?.message.contains("\(third)") == true }
        let server = try await TestServer(on: third)
        #expect(try await reply == "x")
        try await eventually { patient.peer == third }
        await client.close()
        await patient.close()
        try await server.stop()
    }

    @Test
    func `a request whose server is lost fails with the name of that server`() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let gate = Gate()
        let server = try await TestServer(on: folder.address("up")) { request in
            await gate.pass()
            return Task.isCancelled ? nil : request.message
        }
        let client = try makeClient(try folder.address("down"), server.address)
        async let lost = client.callError("wait")
        try await eventually { gate.arrivals == 1 }
        try await server.stop()
        let error = try await lost
        #expect(error.code == .connectionReset && error.mayHaveBeenSent)
        #expect(error.message.contains("\(server.address)"), "\(error)")
        await client.close()
    }

    /// As one that stands still, or whose machine does not answer.
    @Test
    func `a server that takes connections and says nothing does not hold up the others`() async throws {
        let silent = try RawListener(on: Address("tcp://127.0.0.1:0")) { $0 }
        let server = try await TestServer(on: Address("tcp://127.0.0.1:0"))
        // nng alone would wait for ten seconds.
        let clients = try (0..<16).map { _ in
            try makeClient(silent.address, server.address) { $0.failFast = .seconds(4) }
        }
        try await withThrowingTaskGroup { group in
            for client in clients {
                group.addTask {
                    let reply = try await client.call("x")
                    #expect(reply == "x")
                }
            }
            try await group.waitForAll()
        }
        for client in clients { await client.close() }
        silent.stop()
        try await server.stop()
    }

    /// Servers stop when their replies have left: nng's threads may hang for good where one that is in the same process is
    /// closed while requests come in.
    @Test
    func `calls go on while servers come and go`() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let addresses = try [folder.address("a"), folder.address("b"), uniqueAbstractAddress()]
        let client = try makeClient(addresses[0], addresses[1], addresses[2]) {
            $0.minimumBackoff = .milliseconds(1)
            $0.maximumBackoff = .milliseconds(5)
        }
        for round in 0..<30 {
            let calls = (0..<16).map { number in Task { try await client.call("\(number)") } }
            let server = try await TestServer(on: addresses[round % addresses.count])
            for (number, call) in calls.enumerated() {
                let reply = try await call.value
                #expect(reply == "\(number)")
            }
            try await server.stop()
            // What is sent before the client has noticed would not be answered.
            try await eventually { client.connectFailure != nil }
        }
        await client.close()
    }
}

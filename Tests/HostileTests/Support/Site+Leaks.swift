import Taskwire
import TaskwireClient
import TaskwireTestSupport
import Testing

extension Site {
    /// The server kept something of connections that are gone.
    struct Leak: Error, CustomStringConvertible {
        let description: String
    }

    /// Runs `attack`, and expects that the server then has the descriptors and the connections that it had before.
    ///
    /// The time limit is for a server that is still reading what attackers sent before they went.
    func expectNothingLeft(after attack: @Sendable () async throws -> Void) async throws {
        try await withClient { client in
            _ = try await client.ping()
            let idle = try Descriptors(of: server)
            // What is opened once and stays has been opened when every transport was used.
            try await GoodClients.work(at: self) {}
            try await eventually("the good clients are gone") {
                let connections = try await client.serverStats().connections
                return try Descriptors(of: server).socketCount <= idle.socketCount && connections == 1
            }
            let before = try Descriptors(of: server)
            try await attack()
            let deadline = ContinuousClock.now + .seconds(20)
            while true {
                let connections = try await client.serverStats().connections
                let after = try Descriptors(of: server)
                if connections == 1, after.count <= before.count { return }
                guard .now < deadline else {
                    throw Leak(
                        description: """
                            \(after.count - before.count) descriptors, of which \
                            \(after.socketCount - before.socketCount) sockets, and \(connections - 1) connections \
                            were left
                            """
                    )
                }
                try await Task.sleep(for: .milliseconds(10))
            }
        }
    }

    /// Expects that so many connections, spread over all transports, are served at the same time, and no more.
    func expectPlaces(_ count: Int) async throws {
        try await onThread {
            var connections: [RawConnection] = []
            for number in 0..<count {
                let transport = Transport.allCases[number % Transport.allCases.count]
                let connection = try connectAndGreet(transport)
                try #require(try connection.ping(0), "place \(number), over \(transport)")
                connections.append(connection)
            }
            let surplus = try connect(.tcp)
            try surplus.greet()
            try surplus.untilEnd()
            for connection in connections { #expect(try connection.ping(1)) }
        }
    }
}

import Taskwire
import TaskwireClient
import TaskwireTestSupport

extension Site {
    /// What a server has open.
    private struct Openings {
        let descriptors: Descriptors
        let connectionCount: UInt64

        init(of site: Site, asking client: TaskwireClient) async throws {
            connectionCount = try await client.serverStats().connections
            descriptors = try Descriptors(of: site.server)
        }

        func isWithin(_ before: Openings) -> Bool {
            connectionCount <= before.connectionCount && descriptors.count <= before.descriptors.count
        }
    }

    /// Runs attacks one after the other, and expects after each that the server has the descriptors and the connections
    /// that it had before.
    func expectNothingLeft(
        of peers: String = "attackers",
        after attacks: (@Sendable () async throws -> Void)...
    ) async throws {
        try await withClient { client in
            _ = try await client.ping()
            let before = try await Openings(of: self, asking: client)
            // A server that lets nobody but this client go would hide what attackers leave.
            try await GoodClients.work(at: self) {}
            try await expect(before, of: "good clients", asking: client)
            for attack in attacks {
                try await attack()
                try await expect(before, of: peers, asking: client)
            }
        }
    }

    /// Waits for so long as a server may read what was sent to it by those who are gone.
    private func expect(_ before: Openings, of peers: String, asking client: TaskwireClient) async throws {
        let deadline = ContinuousClock.now + .seconds(20)
        while true {
            let after = try await Openings(of: self, asking: client)
            if after.isWithin(before) { return }
            guard .now < deadline else {
                throw Harm(
                    """
                    \(after.descriptors.count - before.descriptors.count) descriptors, \
                    \(after.descriptors.socketCount - before.descriptors.socketCount) of them sockets, and \
                    \(Int(after.connectionCount) - Int(before.connectionCount)) connections of \(peers) were left
                    """
                )
            }
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    /// Expects that so many connections, spread over all transports, are served at the same time, and no more.
    func expectPlaces(_ count: Int) async throws {
        try await onThread {
            var connections: [RawConnection] = []
            for number in 0..<count {
                let transport = Transport.allCases[number % Transport.allCases.count]
                let connection = try connectAndGreet(transport)
                guard try connection.ping(0) else {
                    throw Harm("place \(number), over \(transport), is taken")
                }
                connections.append(connection)
            }
            let surplus = try connect(.tcp)
            try surplus.greet()
            try surplus.untilEnd()
            for connection in connections where try !connection.ping(1) {
                throw Harm("a connection beyond the limit ended another")
            }
        }
    }
}

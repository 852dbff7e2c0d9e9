import Glibc
import TaskwireProtobuf
import TaskwireTestSupport
import Testing

extension HostileTests {
    /// Peers that begin something and do not go on. Their time is the server's: it is waited for, and attackers and good
    /// clients use it meanwhile.
    @Suite("Deadlines of peers")
    struct DeadlineTests {
        private static let helloLimit = Duration.seconds(10)
        private static let messageLimit = Duration.seconds(30)
        /// For a machine that is busy with attacks.
        private static let slack = Duration.seconds(10)
        /// Connections of each kind on each transport.
        private static let silentCount = 5
        /// Attacks of each kind on each transport; that many take no longer than the deadlines.
        private static let maxMixedCount = 500
        /// Connections of each transport on which a byte a second comes, at a time.
        private static let dripCount = 100

        @Test
        func
            `peers that stop halfway are ended in time, and slow ones are served, among attacks of every kind`()
            async throws
        {
            let seed = AttackLoad.seed
            print("seed: \(seed)")
            try await Site.run { site in
                try await site.expectNothingLeft {
                    try await GoodClients.work(at: site) {
                        try await withThrowingTaskGroup(of: Void.self) { group in
                            for transport in Transport.allCases {
                                group.addTask {
                                    try await onThread { try Self.beginHello(at: site, transport) }
                                }
                                group.addTask {
                                    try await onThread { try Self.beginMessage(at: site, transport) }
                                }
                                group.addTask {
                                    try await onThread { try Self.pingSlowly(at: site, transport) }
                                }
                            }
                            group.addTask { try await onThread { try Self.beginHandshake(at: site) } }
                            group.addTask { try await Self.drip(at: site) }
                            group.addTask { try await Self.attack(site, seed: seed) }
                            try await group.waitForAll()
                        }
                    }
                }
            }
        }

        private static func beginHello(at site: Site, _ transport: Transport) throws {
            try expectEnds(within: helloLimit, "half a hello over \(transport)") { number in
                let connection = try site.dial(transport)
                try connection.write(Array(Framing.greeting.prefix(number % 8)))
                return connection
            }
        }

        private static func beginHandshake(at site: Site) throws {
            try expectEnds(within: helloLimit, "half a TLS handshake") { number in
                let connection = try site.connect(.tls)
                let session = TLSSession()
                _ = session.advance()
                let hello = session.takeOutput()
                try connection.write(Array(hello.prefix(hello.count * (number % 4) / 3)))
                return connection
            }
        }

        private static func beginMessage(at site: Site, _ transport: Transport) throws {
            let message = Framing(transport).message([UInt8](repeating: 0, count: 1000), number: 1)
            let cuts = [1, 5, Framing(transport).headerByteCount, 14, 500, message.count - 1]
            try expectEnds(within: messageLimit, "half a message over \(transport)") { number in
                let connection = try site.connectAndGreet(transport)
                if number.isMultiple(of: 2) { _ = try connection.ping(0) }
                try connection.write(Array(message.prefix(cuts[number % cuts.count])))
                return connection
            }
        }

        /// Expects that the server ends connections in time, counted from when nothing more was sent.
        private static func expectEnds(
            within limit: Duration,
            _ name: String,
            _ begin: (Int) throws -> RawConnection
        ) throws {
            let connections = try (0..<silentCount * 4).map { (try begin($0), ContinuousClock.now) }
            for (connection, beginning) in connections {
                try? connection.untilEnd()
                let time = ContinuousClock.now - beginning
                guard time < limit + slack else { throw Harm("\(name) was open for \(time)") }
            }
        }

        /// A peer is served that takes longer than the limits, but never stops.
        private static func pingSlowly(at site: Site, _ transport: Transport) throws {
            let connection = try site.connectAndGreet(transport)
            let ping = try RPCRequest.call(RPCCall("ServerService/Ping", EmptyRequest())).encoded()
            let message = connection.framing.message(ping, number: 1)
            let slowCount = Int(messageLimit.components.seconds) + 5
            try connection.write(Array(message.dropLast(slowCount)))
            for byte in message.suffix(slowCount) {
                sleep(1)
                try connection.write([byte])
            }
            guard try connection.readCallReply()?.number == 1 else {
                throw Harm("a byte a second over \(transport) is not answered")
            }
        }

        /// Attacks in every way at the same time.
        private static func attack(_ site: Site, seed: UInt64) async throws {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (index, kind) in AttackLoad.kinds.enumerated() {
                    group.addTask {
                        try await AttackSeries.run(
                            kind,
                            count: min(AttackLoad.count / 4, maxMixedCount),
                            at: site,
                            seed: seed &+ UInt64(index)
                        )
                    }
                }
                try await group.waitForAll()
            }
        }

        /// As many connections as there are attacks, in waves; a single one takes the time that the others need anyway.
        private static func drip(at site: Site) async throws {
            let waveCount = (AttackLoad.count + dripCount - 1) / dripCount
            for _ in 0..<waveCount {
                try await Drip.drip(dripCount, at: site) {
                    try await Task.sleep(for: waveCount > 6 ? .seconds(5) : messageLimit / waveCount)
                }
            }
        }
    }
}

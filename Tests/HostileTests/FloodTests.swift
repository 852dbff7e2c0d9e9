import TaskwireTestSupport
import Testing

extension HostileTests {
    @Suite("A flood of bad messages")
    struct FloodTests {
        private static let maxMessageBytes = 256 << 10
        private static let maxDecodeBytes = 1 << 20
        private static let maxBytesInProgress = 16 << 20
        /// Threads that may read a message at the same time.
        private static let threadCount = 16
        /// For connections, TLS, what mutated calls have made, and what the allocator keeps.
        private static let allowance = 64 << 20

        @Test
        func twentyThousandBadMessages() async throws {
            let seed = AttackLoad.seed
            print("seed: \(seed)")
            let options = [
                "--max-message-bytes", "\(Self.maxMessageBytes)", "--max-decode-bytes",
                "\(Self.maxDecodeBytes)",
                "--max-bytes-in-progress", "\(Self.maxBytesInProgress)",
            ]
            try await Site.run(options: options) { site in
                let before = try site.memory
                let tally = try await GoodClients.work(at: site) { try await Self.attack(site, seed: seed) }
                print("\(tally)")
                #expect(tally.connections + tally.messages >= 20_000)
                #expect(tally.answers >= 10_000)
                let memory = try site.memory
                let bound = Self.maxBytesInProgress + Self.threadCount * Self.maxDecodeBytes + Self.allowance
                #expect(memory.isWithin(bound, of: before), "\(before.current), \(memory.peak)")
            }
        }

        private static func attack(_ site: Site, seed: UInt64) async throws -> Attacker.Tally {
            try await withThrowingTaskGroup { group in
                let shares: [(Transport, Int)] = [
                    (.ipc, 3250), (.ipc, 3250), (.tcp, 3250), (.tcp, 3250), (.tls, 1500),
                ]
                for (number, (transport, count)) in shares.enumerated() {
                    group.addTask {
                        try await onThread {
                            var attacker = try Attacker(
                                of: site,
                                over: transport,
                                seed: seed &+ UInt64(number),
                                maxMessageBytes: maxMessageBytes
                            )
                            return try attacker.attack(count: count)
                        }
                    }
                }
                group.addTask {
                    try await SecureAttack.sendMessages(5600, to: site, seed: seed)
                    return Attacker.Tally(messages: 5600, answers: 5600)
                }
                group.addTask {
                    try await SecureAttack.breakFraming(40, at: site, seed: seed)
                    return Attacker.Tally(messages: 40)
                }
                return try await group.reduce(Attacker.Tally(), +)
            }
        }
    }
}

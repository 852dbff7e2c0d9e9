import TaskwireTestSupport
import Testing

extension HostileTests {
    @Suite("Attacks")
    struct AttackTests {
        /// Few, so that a connection that keeps its place shows.
        private static let maxConnections = 60
        /// Connections of each transport on which a byte a second comes during each attack.
        private static let dripCount = 2

        @Test(arguments: AttackLoad.kinds)
        func `an attack leaves no connection and harms nobody`(_ kind: AttackKind) async throws {
            let seed = AttackLoad.seed
            print("\(kind.rawValue), seed: \(seed)")
            try await Site.run(options: ["--max-connections", "\(Self.maxConnections)"]) { site in
                try await site.expectNothingLeft(
                    after: {
                        try await GoodClients.work(at: site) {
                            try await Drip.drip(Self.dripCount, at: site) {
                                try await AttackSeries.run(
                                    kind,
                                    count: AttackLoad.count,
                                    at: site,
                                    seed: seed
                                )
                            }
                        }
                    },
                    { try await site.expectPlaces(Self.maxConnections - 1) }
                )
            }
        }
    }
}

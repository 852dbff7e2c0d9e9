import Glibc
import Subprocess
import SystemPackage
import Taskwire
import TaskwireClient
import TaskwireTestSupport
import Testing

extension HostileTests {
    @Suite("Clients that are killed")
    struct KilledClientTests {
        private static let mixes = ["lifecycle", "get", "wait", "create"]

        @Test(arguments: Transport.allCases)
        func `clients killed with calls in flight leave no connection and harm nobody`(
            _ transport: Transport
        ) async throws {
            try await Site.run { site in
                try await site.expectNothingLeft {
                    try await GoodClients.work(at: site) {
                        for number in 0..<AttackLoad.killCount {
                            let mix = Self.mixes[number % Self.mixes.count]
                            try await Self.killClient(of: site, over: transport, mix: mix)
                        }
                    }
                }
            }
        }

        /// Runs a client process of 64 callers, and kills it at some moment after its first thousands of calls.
        private static func killClient(of site: Site, over transport: Transport, mix: String) async throws {
            let result = try await Subprocess.run(
                .path(FilePath(builtProgram("taskwire"))),
                arguments: [
                    "bench", "--url", site.url(transport), "--tls-ca", site.certificates.certificate("ca"),
                    "--tls-server-name", "localhost", "--callers", "64", "--mix", mix, "--duration", "60s",
                ],
                input: .none,
                output: .discarded,
                error: .string(limit: 1 << 16)
            ) { execution in
                do {
                    try await site.withClient { client in
                        let callCount = try await client.serverStats().calls + .random(in: 3000...6000)
                        try await eventually("the client has made its calls") {
                            try await client.serverStats().calls >= callCount
                        }
                    }
                } catch {
                    try? execution.send(signal: .kill)
                    throw error
                }
                try execution.send(signal: .kill)
            }
            #expect(result.terminationStatus == .signaled(SIGKILL), "\(result.standardError)")
        }
    }
}

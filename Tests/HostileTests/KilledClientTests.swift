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
        private static let callerCount = 64

        @Test
        func `clients killed with calls in flight leave no connection and harm nobody`() async throws {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for transport in Transport.allCases {
                    group.addTask {
                        try await Site.run { site in
                            try await site.expectNothingLeft(of: "clients killed over \(transport)") {
                                try await GoodClients.work(at: site) {
                                    for number in 0..<AttackLoad.killCount {
                                        let mix = Self.mixes[number % Self.mixes.count]
                                        try await Self.killClient(of: site, over: transport, mix: mix)
                                    }
                                }
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
        }

        /// Runs a client process of 64 callers, and kills it at some moment among its first thousands of calls.
        private static func killClient(of site: Site, over transport: Transport, mix: String) async throws {
            let trust = ["--tls-ca", site.certificates.certificate("ca"), "--tls-server-name", "localhost"]
            let load = ["--callers", "\(callerCount)", "--mix", mix, "--warm-up", "1ms", "--duration", "60s"]
            let result = try await Subprocess.run(
                .path(FilePath(builtProgram("taskwire"))),
                arguments: Arguments(
                    ["bench", "--url", site.url(transport)] + (transport == .tls ? trust : []) + load
                ),
                input: .none,
                output: .discarded,
                error: .string(limit: 1 << 16)
            ) { execution in
                do {
                    try await site.withClient { try await untilBusy($0) }
                } catch {
                    try? execution.send(signal: .kill)
                    throw error
                }
                try execution.send(signal: .kill)
            }
            #expect(result.terminationStatus == .signaled(SIGKILL), "\(result.standardError)")
        }

        /// Returns once a load has made its tasks, of which the good clients have a few, and then some thousands of calls.
        private static func untilBusy(_ client: TaskwireClient) async throws {
            let limit = Duration.seconds(60)
            let before = try await client.serverStats()
            try await eventually("the client has made its tasks", within: limit) {
                try await client.serverStats().tasks >= before.tasks + UInt64(callerCount / 2)
            }
            let callCount = try await client.serverStats().calls + .random(in: 0...3000)
            try await eventually("the client makes its calls", within: limit) {
                try await client.serverStats().calls >= callCount
            }
        }
    }
}

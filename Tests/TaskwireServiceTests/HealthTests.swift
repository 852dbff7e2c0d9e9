import Taskwire
import TaskwireClient
import TaskwireProtobuf
import TaskwireServer
import TaskwireTestSupport
import Testing

@Suite("Health")
struct HealthTests {
    @Test
    func `health says whether the store answers, and ping does not ask it`() async throws {
        let storage = AbsentStorage()
        let engine = TaskEngine(storage: storage, clock: SystemTaskClock())
        try await withServer(on: engine, listen: ["abstract://\(generateTaskID())"]) { server in
            try await withTaskwireClient(server.urls[0]) { client async throws in
                let good = HealthReport(isReady: true, checks: [HealthCheck(name: "store", isOK: true)])
                #expect(try await client.checkHealth() == good)
                storage.fail(1)
                let check = HealthCheck(name: "store", isOK: false, message: "The store does not answer")
                #expect(try await client.checkHealth() == HealthReport(isReady: false, checks: [check]))
                storage.fail(1)
                _ = try await client.ping()
                #expect(try await !client.checkHealth().isReady, "the ping left the failure to this call")
                #expect(try await client.checkHealth() == good)
            }
        }
    }

    @Test
    func `health needs no token, and a stranger may call nothing else`() async throws {
        try await withTemporaryFolder { folder in
            let tokens = try Tokens(for: ["alice"], in: folder)
            let accepted = try AccessTokens(path: tokens.path)
            try await withServer(on: InMemoryTaskStore(), listen: ["abstract://\(generateTaskID())"]) {
                $0.tokens = accepted
            } _: { server in
                for token in ["", "wrong"] {
                    var configuration = TaskwireClient.Configuration()
                    configuration.token = token
                    try await withTaskwireClient(server.urls[0], configuration) { client async throws in
                        #expect(try await client.checkHealth().isReady)
                        for refusal in [
                            await refusal { _ = try await client.ping() },
                            await refusal { _ = try await client.createTask() },
                            await refusal { _ = try await client.serverStats() },
                        ] {
                            #expect(refusal?.code == .unauthenticated)
                        }
                        #expect(try await client.checkHealth().isReady)
                    }
                }
                try await tokens.withClient(of: "alice", at: server.urls[0]) { alice async throws in
                    #expect(try await alice.checkHealth().isReady)
                }
            }
        }
    }
}

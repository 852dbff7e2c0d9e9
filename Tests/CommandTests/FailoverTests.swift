internal import Foundation
internal import TaskwireTestSupport
internal import Testing

extension CommandTests {
    @Suite("Several servers in --url")
    struct FailoverTests {
        /// Runs `body` beside three servers that share a store.
        private static func withServers(
            _ body: @escaping @Sendable (_ servers: [ServerProcess], _ urls: [String]) async throws -> Void
        ) async throws {
            try await RedisProcess.withRedis { redis in
                try await withTemporaryFolder { folder in
                    let urls = (0..<3).map { "ipc://\(folder)/\($0).sock" }
                    let servers = try urls.map { try ServerProcess(url: $0, store: redis.url) }
                    try await withThrowingTaskGroup { group in
                        for server in servers {
                            // Until it is killed, by the test or at its end.
                            group.addTask {
                                try await server.run { try? await Task.sleep(for: .seconds(600)) }
                            }
                        }
                        defer { for server in servers { server.end() } }
                        for url in urls {
                            try await eventually("\(url) listens") {
                                try await Program(url: url)("ping").exitCode == 0
                            }
                        }
                        try await body(servers, urls)
                        for server in servers { server.end() }
                        try await group.waitForAll()
                    }
                }
            }
        }

        private static func calls(_ url: String) async throws -> Double {
            try await Program(url: url)("stats", "--json").json["calls"]?.number ?? 0
        }

        @Test("no call of a load fails when its server is killed")
        func load() async throws {
            try await Self.withServers { servers, urls in
                let program = Program(url: urls.joined(separator: ","))
                async let load = program(
                    "bench",
                    "--mix",
                    "lifecycle",
                    "--callers",
                    "32",
                    "--count",
                    "2000",
                    "--warm-up",
                    "0s"
                )
                var busy: Int?
                try await eventually("a server has the load") {
                    for (index, url) in urls.enumerated() where try await Self.calls(url) > 200 {
                        busy = index
                    }
                    return busy != nil
                }
                let killed = try #require(busy)
                servers[killed].end()
                let outcome = try await load
                #expect(outcome.exitCode == 0, "\(outcome.error)")
                var elsewhere = 0.0
                for (index, url) in urls.enumerated() where index != killed {
                    elsewhere += try await Self.calls(url)
                }
                #expect(elsewhere > 200, "it went on at another server")
            }
        }

        @Test("a wait goes on at another server when its own is killed")
        func waiting() async throws {
            try await Self.withServers { servers, urls in
                let program = Program(url: urls.joined(separator: ","))
                #expect(try await program("create", "t").exitCode == 0)
                async let waiting = program("wait", "t", "--timeout", "60s")
                var left = Set(urls.indices)
                for number in 1...3 {
                    var place: Int?
                    try await eventually("server number \(number) has the wait") {
                        for index in left {
                            let stats = try await Program(url: urls[index])("stats", "--json").json
                            if stats["waits"]?.number == 1 { place = index }
                        }
                        return place != nil
                    }
                    guard number < 3 else { break }
                    let killed = try #require(place)
                    left.remove(killed)
                    servers[killed].end()
                }
                #expect(try await program("complete", "t", "--data", "x").exitCode == 0)
                let outcome = try await waiting
                #expect(outcome.exitCode == 0, "\(outcome.error)")
            }
        }

        @Test("the server that answered is named, whichever are down")
        func ping() async throws {
            try await Server.run { taskwire in
                let list = "ipc:///tmp/tw-none/a.sock, tcp://127.0.0.1:9,\(taskwire.url)"
                for _ in 0..<5 {
                    let outcome = try await taskwire("ping", "--url", list)
                    #expect(outcome.exitCode == 0 && outcome.line.hasPrefix("\(taskwire.url) answered"))
                }
                #expect(
                    try await taskwire("ping", "--json", "--url", list).json["url"]?.string == taskwire.url
                )
            }
        }

        @Test("where no server is up each is named with its reason, in the order given")
        func down() async throws {
            let urls = ["ipc:///tmp/tw-none/a.sock", "tcp://127.0.0.1:9", "ipc:///tmp/tw-none/b.sock"]
            let outcome = try await Program(url: urls.joined(separator: ","))("get", "t")
            #expect(outcome.exitCode == 4 && outcome.error.contains(" (UNREACHABLE); "))
            #expect(outcome.error.split(separator: "\n").count == 1)
            let sentences = urls.map { "Connecting to \($0) failed: Connection refused" }
            #expect(outcome.error.contains(sentences.joined(separator: ". ")), "\(outcome.error)")
        }

        @Test("a part that is no address is named")
        func wrong() async throws {
            for list in ["tcp://127.0.0.1:9,http://x", "http://x,tcp://127.0.0.1:9"] {
                let outcome = try await Program(url: list)("get", "t")
                #expect(outcome.exitCode == 64 && outcome.error.contains("\"http://x\""), "\(outcome.error)")
            }
            let list = "tcp://127.0.0.1:9,ipc:///tmp/tw-none/a.sock"
            let outcome = try await Program(url: list)("get", "t", "--tls-ca", "/tmp/tw-none/ca.pem")
            #expect(outcome.exitCode == 64 && outcome.error.contains("not encrypted"), "\(outcome.error)")
        }
    }
}

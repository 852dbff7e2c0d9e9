import Subprocess
import Taskwire
import TaskwireClient
import TaskwireTestSupport
import Testing

extension WorkerTests {
    /// Clocks that are set, and servers that stand still.
    @Suite("Clocks")
    struct ClockTests {
        /// Calls `body` with a folder and a clock for servers that can be set.
        private static func withClock(
            _ body: @escaping @Sendable (String, WallClock) async throws -> Void
        ) async throws {
            try await withTimeLimit {
                try await withTemporaryFolder { folder in
                    try await body(folder, try await WallClock(in: folder))
                }
            }
        }

        /// Calls `body` with a server whose wall clock that is, and a client of it.
        private static func serving(
            _ store: String,
            _ folder: String,
            _ clock: WallClock? = nil,
            _ body: @escaping @Sendable (ServerProcess, TaskwireClient) async throws -> Void
        ) async throws {
            let url = "ipc://\(folder)/\(clock == nil ? "right" : "set").sock"
            let server = try ServerProcess(
                listeners: [url],
                store: store,
                variables: clock?.variables ?? [:]
            )
            let client = try TaskwireClient(url: url)
            try await server.run(endedBy: .terminate) { try await body(server, client) }
            await client.close()
        }

        @Test("a wait ends in its time when the wall clock is set back by an hour")
        func aWait() async throws {
            try await Self.withClock { folder, clock in
                try await Self.serving("memory:", folder, clock) { _, client in
                    _ = try await client.createTask(id: "t")
                    async let change = client.waitTask(
                        WaitTaskRequest(taskID: "t", afterRevision: 1, wait: .seconds(2)),
                        options: .default
                    )
                    while try await client.serverStats().waits == 0 { await Task.yield() }
                    try clock.set(ahead: -3600)
                    #expect(try await !change.isChanged)
                }
            }
        }

        @Test(
            "a lease outlasts the jump of the wall clock by an hour, and no longer than before",
            arguments: [3600, -3600]
        )
        func aLease(_ jump: Int64) async throws {
            try await Self.withClock { folder, clock in
                try await Self.serving("sqlite:\(folder)/t.db", folder, clock) { _, client in
                    _ = try await client.createTask(id: "t")
                    let claim = try await client.claimTask("t", worker: "w", lease: .seconds(2))
                    try clock.set(ahead: jump)
                    _ = try await client.renewLease("t", leaseToken: claim.leaseToken)
                    let outcome = try await client.waitForResult("t", timeout: .seconds(60))
                    #expect(outcome.error?.message == "worker lost")
                }
            }
        }

        @Test(
            "a server that starts while the clock is ahead gives no lease that outlasts the correction and a restart"
        )
        func aStartWhileAhead() async throws {
            try await Self.withClock { folder, clock in
                try clock.set(ahead: 3600)
                try await Self.serving("sqlite:\(folder)/t.db", folder, clock) { _, client in
                    _ = try await client.createTask(id: "t")
                    _ = try await client.claimTask("t", worker: "w", lease: .seconds(2))
                    try clock.set(ahead: 0)
                    // The wall clock is looked at once a second.
                    while try await client.createTask().createdAt > .now.adding(milliseconds: 60_000) {
                        await Task.yield()
                    }
                }
                try await Self.serving("sqlite:\(folder)/t.db", folder, clock) { _, client in
                    let outcome = try await client.waitForResult("t", timeout: .seconds(60))
                    #expect(outcome.error?.message == "worker lost")
                }
            }
        }

        @Test("servers of one Redis whose clocks differ judge alike, and the one that is wrong says so")
        func twoServers() async throws {
            try await Self.withClock { folder, clock in
                try await RedisProcess.withRedis { redis in
                    try await Self.serving(redis.url, folder) { _, right in
                        try clock.set(ahead: 60)
                        try await Self.serving(redis.url, folder, clock) { server, ahead in
                            _ = try await right.createTask(id: "t")
                            let claim = try await right.claimTask("t", worker: "w", lease: .seconds(30))
                            let seen = try await ahead.getTask("t")
                            #expect(seen.lease?.worker == "w" && seen.lease == claim.task.lease)
                            let made = try await ahead.createTask()
                            #expect(made.createdAt >= claim.task.lastUpdatedAt)
                            #expect(made.createdAt.milliseconds(since: claim.task.lastUpdatedAt) < 30_000)
                            #expect(server.log.contains("clock_difference_ms="))
                            let health = try await ahead.checkHealth()
                            let clock = health.checks.first { $0.name == HealthCheck.clock }
                            #expect(clock?.isOK == false && health.isReady, "\(health)")
                            #expect(try await right.checkHealth().checks.allSatisfy(\.isOK))
                        }
                    }
                }
            }
        }

        @Test("a server that stood still for longer than a lease leaves its holder the time to renew")
        func aStoppedServer() async throws {
            try await Self.withClock { folder, _ in
                try await Self.serving("memory:", folder) { server, client in
                    _ = try await client.createTask(id: "t")
                    let claim = try await client.claimTask("t", worker: "w", lease: .seconds(3))
                    // The server runs for a while, and stands still for longer than a lease.
                    try await Task.sleep(for: .seconds(1))
                    server.stop()
                    try await Task.sleep(for: .seconds(4))
                    async let renewed = client.renewLease("t", leaseToken: claim.leaseToken)
                    server.resume()
                    #expect(try await client.getTask("t").lease?.worker == "w")
                    #expect(try await renewed.lease?.worker == "w")
                    let outcome = try await client.waitForResult("t", timeout: .seconds(60))
                    #expect(
                        outcome.error?.message == "worker lost",
                        "who does not renew is lost all the same"
                    )
                }
            }
        }
    }
}

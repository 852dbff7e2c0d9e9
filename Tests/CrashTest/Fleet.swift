import Subprocess
import TaskwireTestSupport

/// The servers that share a store, and the Redis that this is in.
struct Fleet: Sendable {
    /// How long Redis runs before it is killed.
    private static let redisLives = 0.2...2.0

    let servers: [ServerProcess]
    /// `nil` where the store is elsewhere.
    let redis: RedisProcess?

    /// Ends all processes.
    func end() {
        for server in servers { server.end() }
        redis?.end()
    }

    /// Runs `body` for each server, all at the same time, and kills Redis again and again meanwhile, of which `killed` is
    /// told.
    func runWhileKilling(
        killed: @escaping @Sendable () -> Void,
        _ body: @escaping @Sendable (Int, ServerProcess) async throws -> Void
    ) async throws {
        try await withThrowingTaskGroup { group in
            if let redis {
                group.addTask {
                    while !Task.isCancelled {
                        // When it is told to stop, the run ends in one way or another.
                        try? await redis.run {
                            try await Task.sleep(for: .seconds(.random(in: Self.redisLives)))
                        }
                        killed()
                    }
                }
            }
            try await withThrowingTaskGroup { group in
                for (index, server) in servers.enumerated() {
                    group.addTask { try await body(index, server) }
                }
                try await group.waitForAll()
            }
            group.cancelAll()
        }
    }

    /// Runs everything, and `body` meanwhile, after which the servers are ended by `signal`.
    func run(endedBy signal: Signal, _ body: @escaping @Sendable () async throws -> Void) async throws {
        guard let redis else { return try await run(servers[...], endedBy: signal, body) }
        try await redis.run { try await run(servers[...], endedBy: signal, body) }
    }

    /// Each server runs the rest of them beside itself.
    private func run(
        _ rest: ArraySlice<ServerProcess>,
        endedBy signal: Signal,
        _ body: @escaping @Sendable () async throws -> Void
    ) async throws {
        guard let first = rest.first else { return try await body() }
        try await first.run(endedBy: signal) { try await run(rest.dropFirst(), endedBy: signal, body) }
    }
}

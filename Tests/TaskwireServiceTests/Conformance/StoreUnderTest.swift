import Foundation
import Logging
import Taskwire
import TaskwireClient
import TaskwireServer
import TaskwireStorage
import TaskwireTestSupport
import Testing

/// The stores that the conformance suite runs on. A new store only has to name itself here.
enum StoreUnderTest: String, CaseIterable, Sendable, CustomTestStringConvertible {
    case memory
    case clientOverInproc
    case clientOverIPC
    case clientOverTCP
    /// With certificates at both ends.
    case clientOverTLS
    case sqlite
    case clientOfSQLite
    case redis
    case clientOfRedis
    case redisCluster

    var testDescription: String { rawValue }

    /// What a test of the suite gets: a store, and the clock that it goes by.
    struct Subject: Sendable {
        var store: any TaskStore
        var clock: ManualClock
        /// How many calls wait in the engine that does the work.
        var waitCount: @Sendable () -> Int

        fileprivate init<Storage: TaskStorage>(
            _ store: any TaskStore,
            of engine: TaskEngine<Storage, ManualClock>
        ) {
            self.store = store
            clock = engine.clock
            waitCount = { engine.waitCount }
        }

        /// Returns when as many calls wait.
        func untilWaiting(_ count: Int) async {
            while waitCount() != count { await Task.yield() }
        }
    }

    /// Runs `body` on an empty store, and ends it afterwards.
    func run(
        limits: TaskLimits = TaskLimits(),
        _ body: @escaping @Sendable (Subject) async throws -> Void
    ) async throws {
        try await withTimeLimit {
            let clock = ManualClock()
            switch self {
            case .memory:
                let engine = Self.inMemory(limits, clock)
                try await body(Subject(engine, of: engine))
            case .clientOverInproc:
                let url = "abstract://\(UUID().uuidString)"
                try await Self.overWire(url, Self.inMemory(limits, clock), body)
            case .clientOverIPC:
                try await withTemporaryFolder { folder in
                    try await Self.overWire(
                        "ipc://\(folder)/t.sock",
                        Self.inMemory(limits, clock),
                        body
                    )
                }
            case .clientOverTCP:
                try await Self.overWire("tcp://127.0.0.1:0", Self.inMemory(limits, clock), body)
            case .clientOverTLS:
                try await TestCertificates.with { certificates in
                    let attributes = certificates.listenerAttributes(clients: "ca")
                    try await Self.overWire(
                        "tls+tcp://127.0.0.1:0\(attributes)",
                        Self.inMemory(limits, clock),
                        configuration: .trusting(certificates, showing: "client"),
                        body
                    )
                }
            case .sqlite:
                try await Self.onSQLite(limits, clock) { engine in
                    try await body(Subject(engine, of: engine))
                }
            case .clientOfSQLite:
                try await Self.onSQLite(limits, clock) { engine in
                    try await Self.overWire("abstract://\(UUID().uuidString)", engine, body)
                }
            case .redis:
                try await RedisProcess.withRedis { redis in
                    try await Self.onRedis(redis.url, limits, clock) { engine in
                        try await body(Subject(engine, of: engine))
                    }
                }
            case .clientOfRedis:
                try await RedisProcess.withRedis { redis in
                    try await Self.onRedis(redis.url, limits, clock) { engine in
                        try await Self.overWire("abstract://\(UUID().uuidString)", engine, body)
                    }
                }
            case .redisCluster:
                try await RedisCluster.withSharedCluster { cluster in
                    try await Self.onRedis(cluster.url(), limits, clock) { engine in
                        try await body(Subject(engine, of: engine))
                    }
                }
            }
        }
    }

    private static func inMemory(
        _ limits: TaskLimits,
        _ clock: ManualClock
    ) -> TaskEngine<MemoryStorage, ManualClock> {
        TaskEngine(storage: MemoryStorage(limits: limits), clock: clock)
    }

    private static func onSQLite(
        _ limits: TaskLimits,
        _ clock: ManualClock,
        _ body: @escaping @Sendable (TaskEngine<SQLiteStorage, ManualClock>) async throws -> Void
    ) async throws {
        try await withTemporaryFolder { folder in
            let storage = try await SQLiteStorage(path: "\(folder)/tasks.db", limits: limits, clock: clock)
            try await body(TaskEngine(storage: storage, clock: clock))
            try await storage.close()
        }
    }

    private static func onRedis(
        _ url: String,
        _ limits: TaskLimits,
        _ clock: ManualClock,
        _ body: (TaskEngine<RedisStorage, ManualClock>) async throws -> Void
    ) async throws {
        let storage = try await RedisStorage(try RedisAddress(url), limits: limits, clock: clock)
        try await body(TaskEngine(storage: storage, clock: clock))
        try await storage.close()
    }

    private static func overWire<Storage: TaskStorage>(
        _ url: String,
        _ engine: TaskEngine<Storage, ManualClock>,
        configuration: TaskwireClient.Configuration = TaskwireClient.Configuration(),
        _ body: @escaping @Sendable (Subject) async throws -> Void
    ) async throws {
        try await withServer(on: engine, listen: [url]) { server in
            let client = try TaskwireClient(url: server.urls[0], configuration: configuration)
            try await body(Subject(client, of: engine))
            await client.close()
        }
    }
}

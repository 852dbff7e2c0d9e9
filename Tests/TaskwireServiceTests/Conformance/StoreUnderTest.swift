import Foundation
import Logging
import Taskwire
import TaskwireClient
import TaskwireServer
import TaskwireTestSupport
import Testing

/// The stores that the conformance suite runs on. A new store only has to name itself here.
enum StoreUnderTest: String, CaseIterable, Sendable, CustomTestStringConvertible {
    case memory
    case clientOverInproc
    case clientOverIPC
    case clientOverTCP

    var testDescription: String { rawValue }

    /// What a test of the suite gets: a store, and the clock that it goes by.
    struct Subject: Sendable {
        var store: any TaskStore
        var clock: ManualClock
    }

    /// Runs `body` on an empty store, and ends it afterwards.
    func run(
        limits: TaskLimits = TaskLimits(),
        _ body: @escaping @Sendable (Subject) async throws -> Void
    ) async throws {
        let clock = ManualClock()
        let engine = TaskEngine(storage: MemoryStorage(limits: limits), limits: limits, clock: clock)
        try await withTimeLimit {
            switch self {
            case .memory:
                try await body(Subject(store: engine, clock: clock))
            case .clientOverInproc:
                try await overWire("inproc://\(UUID().uuidString)", engine, clock, body)
            case .clientOverIPC:
                try await withTemporaryFolder { folder in
                    try await overWire("ipc://\(folder)/t.sock", engine, clock, body)
                }
            case .clientOverTCP:
                try await overWire("tcp://127.0.0.1:0", engine, clock, body)
            }
        }
    }

    private func overWire(
        _ url: String,
        _ engine: TaskEngine<MemoryStorage, ManualClock>,
        _ clock: ManualClock,
        _ body: @escaping @Sendable (Subject) async throws -> Void
    ) async throws {
        try await withServer(on: engine, listen: [url]) { server in
            let client = try TaskwireClient(url: server.urls[0])
            try await body(Subject(store: client, clock: clock))
            await client.close()
        }
    }
}

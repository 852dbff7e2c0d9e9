import Foundation
import Taskwire
import TaskwireClient
import TaskwireProtobuf
import TaskwireRPC
import TaskwireServer
import TaskwireTestSupport
import Testing

/// What takes long leaves others their turn.
@Suite("Fairness")
struct FairnessTests {
    private static let floodCount = 200

    @Test
    func `an owner that floods with listings delays no call of others, and their listings by few of its own`()
        async throws
    {
        try await withTimeLimit {
            try await withTemporaryFolder { folder in
                let tokens = try Tokens(for: ["alice", "bob"], in: folder)
                let accepted = try AccessTokens(path: tokens.path)
                let storage = SlowListingStorage(slowOwner: "alice")
                let engine = TaskEngine(storage: storage, clock: SystemTaskClock())
                try await withServer(on: engine, listen: ["abstract://\(generateTaskID())"]) {
                    $0.tokens = accepted
                } _: { server in
                    try await tokens.withClient(of: "alice", at: server.urls[0]) { alice in
                        try await tokens.withClient(of: "bob", at: server.urls[0]) { bob in
                            try await Self.compete(alice, bob, storage)
                        }
                    }
                }
            }
        }
    }

    @Test
    func `the time of a call that has to wait for its turn counts from its arrival`() async throws {
        try await withTimeLimit {
            let storage = SlowListingStorage(slowOwner: "")
            let engine = TaskEngine(storage: storage, clock: SystemTaskClock())
            try await withServer(on: engine, listen: ["abstract://\(generateTaskID())"]) { server in
                let client = try RawClient(url: server.urls[0])
                let list = RawClient.call("TaskService/ListTasks", ListTasksRequest())
                var late = list
                late.timeoutMilliseconds = 1
                try await withThrowingTaskGroup(of: TaskwireError?.self) { group in
                    let threadCount = ProcessInfo.processInfo.activeProcessorCount
                    for _ in 0..<threadCount { group.addTask { try await client.refusal(of: list) } }
                    while storage.owners.isEmpty { await Task.yield() }
                    // No thread is left for it until then.
                    group.addImmediateTask { [late] in try await client.refusal(of: late) }
                    _ = try await client.refusal(of: RawClient.call("ServerService/Ping", EmptyRequest()))
                    let deadline = ContinuousClock.now + .milliseconds(late.timeoutMilliseconds)
                    while .now <= deadline { await Task.yield() }
                    storage.open()
                    let refusals = try await group.reduce(into: []) { $0.append($1) }
                    #expect(refusals.compactMap(\.self).map(\.reason) == [.deadlineExceeded])
                }
                await client.socket.close()
            }
        }
    }

    private static func compete(
        _ alice: TaskwireClient,
        _ bob: TaskwireClient,
        _ storage: SlowListingStorage
    ) async throws {
        _ = try await bob.createTask(id: "task")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<floodCount { group.addTask { _ = try await alice.listTasks() } }
            while storage.owners.isEmpty { await Task.yield() }
            // The listings keep all threads that there are for them.
            group.addImmediateTask { _ = try await bob.listTasks() }
            for _ in 0..<100 { #expect(try await bob.getTask("task").id == "task") }
            storage.open()
            try await group.waitForAll()
        }
        let turn = storage.owners.firstIndex(of: "bob") ?? .max
        // Those that were going on when it came, and one more.
        #expect(turn <= ProcessInfo.processInfo.activeProcessorCount + 1)
        #expect(storage.owners.count == floodCount + 1)
    }
}

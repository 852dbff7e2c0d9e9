import Synchronization
import Taskwire
import TaskwireClient
import TaskwireTestSupport
import Testing

extension HostileTests {
    @Suite("SIGTERM under load")
    struct TerminationTests {
        private static let gracePeriod = Duration.seconds(3)
        /// For ending a process on a busy machine.
        private static let slack = Duration.seconds(5)
        /// Tasks that were acknowledged before the signal.
        private static let leastCount = 2000
        private static let callerCount = 8

        /// ``ServerProcess`` expects that the server exits with 0.
        @Test
        func `a server with stuck peers ends in time and keeps every acknowledged task`() async throws {
            let options = ["--grace-period", "\(Self.gracePeriod.components.seconds)s"]
            try await Stage.set(.sqlite, options: options) { stage in
                let acknowledged = Acknowledged()
                let (time, taskIDs) = try await withThrowingTaskGroup(of: Void.self) { group in
                    let callers = AsyncStream.makeStream(of: TaskwireClient.self)
                    let signalled = Mutex<ContinuousClock.Instant?>(nil)
                    let peers = Mutex<StuckPeers?>(nil)
                    group.addTask {
                        await withDiscardingTaskGroup { group in
                            for await client in callers.stream {
                                for _ in 0..<Self.callerCount {
                                    group.addTask { await acknowledged.create(with: client) }
                                }
                            }
                        }
                    }
                    try await stage.run { site in
                        let stuck = try await StuckPeers(at: site)
                        peers.withLock { $0 = stuck }
                        for transport in Transport.allCases {
                            callers.continuation.yield(try site.client(transport))
                        }
                        callers.continuation.finish()
                        try await eventually("the tasks are there") {
                            acknowledged.taskIDs.count >= Self.leastCount
                        }
                        signalled.withLock { $0 = .now }
                    }
                    let ended = ContinuousClock.now
                    group.cancelAll()
                    try await group.waitForAll()
                    let time = try #require(signalled.withLock { $0 }).duration(to: ended)
                    withExtendedLifetime(peers) {}
                    return (time, acknowledged.taskIDs)
                }
                print("\(taskIDs.count) tasks were acknowledged, the server ended after \(time)")
                #expect(time < Self.gracePeriod + Self.slack)
                try await stage.run { site in
                    try await site.withClient { client in
                        var kept: Set<String> = []
                        var request = ListTasksRequest(pageSize: 1000)
                        repeat {
                            let page = try await client.listTasks(request)
                            kept.formUnion(page.tasks.map(\.id))
                            request.cursor = page.nextCursor
                        } while !request.cursor.isEmpty
                        #expect(taskIDs.subtracting(kept).isEmpty)
                    }
                }
            }
        }
    }
}

/// The tasks that a server said it had made.
private final class Acknowledged: Sendable {
    private let created = Mutex<Set<String>>([])

    var taskIDs: Set<String> { created.withLock { $0 } }

    /// Makes tasks one after the other until it cannot.
    func create(with client: TaskwireClient) async {
        while !Task.isCancelled, let task = try? await client.createTask(request: .sample("kept")) {
            _ = created.withLock { $0.insert(task.id) }
        }
    }
}

import Taskwire
import TaskwireClient
import TaskwireTestSupport
import Testing

/// How a worker keeps its lease, by the clock of the wall.
@Suite("Keeping a lease")
struct LeaseKeepingTests {
    /// The shortest lease there is.
    private static let lease = Duration.seconds(1)

    /// Returns once the task's lease ends more than one lease later than it did at first, so that it was renewed
    /// again and again.
    private static func untilRenewed(_ taskID: String, in store: any TaskStore) async throws {
        let first = try #require(try await store.getTask(taskID).lease)
        while true {
            let lease = try #require(try await store.getTask(taskID).lease)
            if lease.expiresAt.milliseconds(since: first.expiresAt) > 1000 { return }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    @Test
    func theLeaseIsRenewedAsLongAsTheBodyRuns() async throws {
        try await withTimeLimit {
            let store = InMemoryTaskStore()
            let task = try await store.createTask()
            try await withTaskExecution(of: task.id, in: store, lease: Self.lease) { context in
                try await Self.untilRenewed(task.id, in: store)
                try await context.complete(.sample("x"))
            }
            #expect(try await store.getResult(task.id).result == .sample("x"))
        }
    }

    @Test
    func aBodyThatTakesItsTimeToStopKeepsItsLease() async throws {
        try await withTimeLimit {
            let store = InMemoryTaskStore()
            let task = try await store.createTask()
            try await withTaskExecution(of: task.id, in: store, lease: Self.lease) { context in
                _ = try await store.cancelTask(task.id, mode: .request)
                try? await Task.sleep(for: .seconds(3600))
                #expect(context.isCancelled)
                try await Task { try await Self.untilRenewed(task.id, in: store) }.value
                try await context.complete(.sample("x"))
            }
            #expect(try await store.getResult(task.id).result == .sample("x"))
        }
    }

    @Test
    func aWorkerThatCannotRenewStopsWhenItsLeaseEnds() async throws {
        try await withTemporaryFolder { folder in
            try await withTimeLimit {
                let url = "ipc://\(folder)/t.sock"
                let engine = InMemoryTaskStore()
                let client = try TaskwireClient(url: url)
                let (endings, ending) = AsyncStream.makeStream(of: Bool.self)
                let (execution, task) = try await withServer(on: engine, listen: [url]) { _ in
                    let task = try await client.createTask()
                    let (started, report) = AsyncStream.makeStream(of: Void.self)
                    let execution = Task {
                        try await withTaskExecution(of: task.id, in: client, lease: Self.lease) { context in
                            report.finish()
                            try? await Task.sleep(for: .seconds(3600))
                            ending.yield(context.isLeaseLost)
                        }
                    }
                    for await _ in started {}
                    return (execution, task)
                }
                // The server is gone, and nobody can tell the worker anything.
                try await execution.value
                ending.finish()
                #expect(await endings.reduce(into: []) { $0.append($1) } == [true])
                let outcome = try await engine.waitForResult(task.id)
                #expect(outcome.error?.message == "worker lost")
                await client.close()
            }
        }
    }

    @Test
    func aWorkerThatReadsItsTaskTooLateKnowsThatItIsAnothers() async throws {
        let clock = ManualClock()
        let store = TaskEngine(storage: MemoryStorage(), clock: clock)
        let id = try await store.createTask().id
        let late = try await store.claimTask(id, worker: "late", lease: Self.lease, onLoss: .release)
        let before = TaskContext(task: try await store.getTask(id, view: .full), store: store, claim: late)
        #expect(!before.isLeaseLost && !before.isCancelled)
        clock.advance(by: Self.lease)
        let next = try await store.claimTask(id, worker: "next")
        let task = try await store.getTask(id, view: .full)
        let lost = TaskContext(task: task, store: store, claim: late)
        #expect(lost.isLeaseLost && lost.isCancelled)
        #expect(!TaskContext(task: task, store: store, claim: next).isLeaseLost)
    }

    @Test
    func aWorkerOutlivesARestartOfItsServer() async throws {
        try await withTemporaryFolder { folder in
            try await withTimeLimit {
                let url = "ipc://\(folder)/t.sock"
                let engine = InMemoryTaskStore()
                let client = try TaskwireClient(url: url)
                let (isBack, report) = AsyncStream.makeStream(of: Void.self)
                let (execution, task) = try await withServer(on: engine, listen: [url]) { _ in
                    let task = try await client.createTask()
                    let (started, start) = AsyncStream.makeStream(of: Void.self)
                    let execution = Task {
                        try await withTaskExecution(of: task.id, in: client) { context in
                            start.finish()
                            for await _ in isBack {}
                            try await context.complete(.sample("x"))
                        }
                    }
                    for await _ in started {}
                    return (execution, task)
                }
                try await withServer(on: engine, listen: [url]) { _ in
                    report.finish()
                    try await execution.value
                }
                #expect(try await engine.getResult(task.id).result == .sample("x"))
                await client.close()
            }
        }
    }
}

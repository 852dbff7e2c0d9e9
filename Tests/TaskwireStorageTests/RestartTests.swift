import Taskwire
import TaskwireStorage
import TaskwireTestSupport
import Testing

@Suite("After a restart")
struct RestartTests {
    private typealias Store = TaskEngine<SQLiteStorage, ManualClock>

    /// Runs `first` on a new store, and `second` on the same file opened again.
    private func restarting<State: Sendable>(
        limits: TaskLimits = TaskLimits(),
        _ first: @escaping @Sendable (Store, ManualClock) async throws -> State,
        then second: @escaping @Sendable (Store, ManualClock, State) async throws -> Void
    ) async throws {
        try await withTemporaryFolder { folder in
            try await withTimeLimit {
                let clock = ManualClock()
                func open() async throws -> SQLiteStorage {
                    try await SQLiteStorage(path: "\(folder)/tasks.db", limits: limits)
                }
                let before = try await open()
                let state = try await first(Store(storage: before, limits: limits, clock: clock), clock)
                try await before.close()
                let after = try await open()
                try await second(Store(storage: after, limits: limits, clock: clock), clock, state)
                try await after.close()
            }
        }
    }

    @Test("tasks are as they were")
    func tasks() async throws {
        try await restarting { store, _ in
            var request = CreateTaskRequest(taskID: "t", ttl: .seconds(60), request: .everyByte)
            request.labels = ["team": "blue", "city": "Köln"]
            request.immediateResponse = "soon"
            _ = try await store.createTask(request, options: .default)
            _ = try await store.updateTask(
                UpdateTaskRequest(taskID: "t", progress: TaskProgress(current: 1, total: 3)),
                options: .default
            )
            _ = try await store.createTask(id: "failed")
            _ = try await store.failTask(
                "failed",
                error: TaskError(code: -1, message: "no", data: Array("1".utf8))
            )
            return [
                try await store.getTask("t", view: .full),
                try await store.getTask("failed", view: .full),
            ]
        } then: { store, _, states in
            let listed = try await store.listTasks().tasks.map(\.id)
            #expect(listed == ["failed", "t"])
            for state in states {
                #expect(try await store.getTask(state.id, view: .full) == state)
            }
            #expect(try await store.counts() == TaskStorageCounts(tasks: 2, tombstones: 0))
        }
    }

    @Test("a repeat is answered as the first try was, and every one of the last 32")
    func repeats() async throws {
        try await restarting { store, _ in
            _ = try await store.createTask(
                CreateTaskRequest(taskID: "t", labels: ["a": "b"]),
                options: .default
            )
            var sent: [(CallOptions, TaskState)] = []
            for step in 0..<32 {
                let options = CallOptions(requestID: .random())
                sent.append(
                    (options, try await store.updateTask("t", statusMessage: "\(step)", options: options))
                )
            }
            return sent
        } then: { store, _, sent in
            for (step, (options, state)) in sent.enumerated() {
                let again = try await store.updateTask("t", statusMessage: "\(step)", options: options)
                #expect(again == state)
            }
            #expect(try await store.getTask("t").revision == 33)
        }
    }

    @Test("removed tasks are remembered, and their revisions are not used again")
    func tombstones() async throws {
        try await restarting { store, _ in
            _ = try await store.createTask(id: "t", request: .everyByte)
            let options = CallOptions(requestID: .random())
            let isDeleted = try await store.deleteTask("t", options: options)
            #expect(isDeleted)
            return options
        } then: { store, _, options in
            #expect(try await store.counts() == TaskStorageCounts(tasks: 0, tombstones: 1))
            let isDeleted = try await store.deleteTask("t", options: options)
            #expect(isDeleted)
            #expect(try await store.createTask(id: "t").revision == 3)
        }
    }

    @Test("what came due meanwhile has expired")
    func dueTimes() async throws {
        try await restarting { store, clock in
            for step in 0..<150 { _ = try await store.createTask(id: "t\(step)", ttl: .seconds(60)) }
            _ = try await store.createTask(id: "ended", ttl: .seconds(60))
            _ = try await store.completeTask("ended", result: .sample("x"))
            clock.advance(by: .seconds(61))
        } then: { store, clock, _ in
            let overdue = try await store.getTask("t1")
            #expect(overdue.status == .failed)
            await #expect(throws: TaskwireError.self) { try await store.getTask("ended") }
            let sweeper = Task { await store.run() }
            await clock.untilSleeping(for: .seconds(1))
            sweeper.cancel()
            #expect(try await store.counts() == TaskStorageCounts(tasks: 150, tombstones: 1))
        }
    }

    @Test("the quota counts the tasks that are there")
    func quota() async throws {
        var limits = TaskLimits()
        limits.maxTasksPerOwner = 2
        try await restarting(limits: limits) { store, _ in
            _ = try await store.createTask(id: "a")
            _ = try await store.createTask(id: "b")
        } then: { store, _, _ in
            let refusal = await #expect(throws: TaskwireError.self) { try await store.createTask(id: "c") }
            #expect(refusal?.reason == .taskQuota)
            _ = try await store.deleteTask("a")
            _ = try await store.createTask(id: "c")
            _ = try await store.acting(for: "other").createTask(id: "a")
        }
    }

    @Test("the number of tombstones is bounded, the oldest first")
    func boundedTombstones() async throws {
        var limits = TaskLimits()
        limits.maxTombstones = 3
        try await restarting(limits: limits) { store, clock in
            for step in 0..<5 {
                _ = try await store.createTask(id: "t\(step)")
                _ = try await store.deleteTask("t\(step)")
                clock.advance(by: .milliseconds(1))
            }
        } then: { store, _, _ in
            let counts = try await store.counts()
            #expect(counts == TaskStorageCounts(tasks: 0, tombstones: 3))
            #expect(try await store.createTask(id: "t1").revision == 1, "forgotten")
            #expect(try await store.createTask(id: "t2").revision == 3, "remembered")
        }
    }
}

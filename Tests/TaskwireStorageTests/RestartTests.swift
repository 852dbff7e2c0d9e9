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
                    try await SQLiteStorage(path: "\(folder)/tasks.db", limits: limits, clock: clock)
                }
                let before = try await open()
                let state = try await first(Store(storage: before, clock: clock), clock)
                try await before.close()
                let after = try await open()
                try await second(Store(storage: after, clock: clock), clock, state)
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

    @Test("a task that is there is not created again, and a repeated create finds it")
    func creations() async throws {
        let options = CallOptions(requestID: .random())
        try await restarting { store, _ in
            try await store.createTask(CreateTaskRequest(taskID: "t", request: .everyByte), options: options)
        } then: { store, _, state in
            let refusal = await #expect(throws: TaskwireError.self) { try await store.createTask(id: "t") }
            #expect(refusal?.reason == .taskExists)
            #expect(refusal?.task == state.viewed(as: .basic))
            let request = CreateTaskRequest(taskID: "t", request: .everyByte)
            let repeated = try await store.createTask(request, options: options)
            #expect(repeated == state)
            #expect(try await store.counts() == TaskStorageCounts(tasks: 1, tombstones: 0))
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

    @Test("a lease that ran out meanwhile is kept for one renewal after the return, and no longer")
    func leases() async throws {
        try await restarting { store, clock in
            var claims: [String: TaskClaim] = [:]
            for id in ["renewed", "silent", "released"] {
                _ = try await store.createTask(id: id, ttl: .seconds(10))
                let onLoss: LeaseLossPolicy = id == "released" ? .release : .fail
                claims[id] = try await store.claimTask(id, worker: "w", lease: .seconds(30), onLoss: onLoss)
            }
            clock.advance(by: .seconds(3600))
            return claims
        } then: { store, clock, claims in
            let sweeper = Task { await store.run() }
            await clock.untilSleeping(for: .seconds(1))
            for (id, claim) in claims {
                let task = try await store.getTask(id)
                #expect(task.status == .working)
                #expect(task.revision == claim.task.revision)
                #expect(task.lease?.expiresAt.milliseconds(since: clock.now) == 10_000)
                let refusal = await #expect(throws: TaskwireError.self) {
                    try await store.claimTask(id, worker: "other")
                }
                #expect(refusal?.reason == .leaseHeld)
            }
            clock.advance(by: .milliseconds(9999))
            let token = try #require(claims["renewed"]?.leaseToken)
            let renewed = try await store.renewLease("renewed", leaseToken: token)
            #expect(renewed.lease?.expiresAt.milliseconds(since: clock.now) == 30_000)
            clock.advance(by: .milliseconds(1))
            let silent = try await store.getTask("silent")
            #expect(silent.statusMessage == "worker lost")
            let released = try await store.getTask("released", view: .full)
            #expect(
                released.error?.data == Array(#"{"reason":"TASK_EXPIRED"}"#.utf8),
                "its time was over, too"
            )
            #expect(
                try await store.completeTask("renewed", result: .everyByte, leaseToken: token).status
                    == .completed
            )
            sweeper.cancel()
        }
    }

    @Test("what was shown as lost or expired stays so, although nobody swept it")
    func shownEnds() async throws {
        try await restarting { store, clock in
            for id in ["read", "listed", "refused", "unseen"] {
                _ = try await store.createTask(id: id)
                _ = try await store.claimTask(id, worker: "w")
            }
            _ = try await store.createTask(id: "expired", ttl: .seconds(30))
            clock.advance(by: .seconds(30))
            let refusal = await #expect(throws: TaskwireError.self) {
                try await store.completeTask("refused", result: .everyByte)
            }
            let refused = try #require(refusal?.task)
            let page = try await store.listTasks(ListTasksRequest(pageSize: 2, statuses: [.failed]))
            return [try await store.getTask("read"), refused] + page.tasks
        } then: { store, _, shown in
            #expect(shown.count == 4 && shown.allSatisfy { $0.status == .failed })
            for task in shown {
                let found = try await store.getTask(task.id)
                #expect(found == task)
            }
            let unseen = try await store.getTask("unseen")
            #expect(unseen.status == .working, "its worker may have been kept from renewing")
        }
    }

    @Test("the tasks of workers that were lost do not hold up the sweeper")
    func manyLeases() async throws {
        try await restarting { store, clock in
            for step in 0..<150 {
                _ = try await store.createTask(id: "t\(step)")
                _ = try await store.claimTask("t\(step)", worker: "w", lease: .seconds(600))
            }
            _ = try await store.createTask(id: "short", ttl: .seconds(1000))
            clock.advance(by: .seconds(1001))
        } then: { store, clock, _ in
            let sweeper = Task { await store.run() }
            await clock.untilSleeping(for: .seconds(1))
            // All leases are longer now, so that the sweeper got as far as the task that is due after them.
            let short = try await store.storage.read(TaskKey(owner: "", id: "short"))
            #expect(short?.state.status == .failed)
            sweeper.cancel()
        }
    }

    @Test("messages, questions and answers are as they were, large ones too")
    func interactions() async throws {
        try await restarting { store, _ in
            var messages: [TaskMessage?] = []
            for (id, size) in [("small", 10), ("large", 100_000)] {
                let payload = Payload(data: (0..<size).map { UInt8(truncatingIfNeeded: $0) })
                _ = try await store.createTask(id: id)
                _ = try await store.enqueueMessage(payload, kind: .notification, key: "n", for: id)
                _ = try await store.requestInput("open", payload: payload, for: id)
                _ = try await store.requestInput("answered", payload: payload, for: id)
                _ = try await store.provideInput(["answered": payload], for: id)
                messages.append(try await store.peekMessage(id).message)
            }
            let options = CallOptions(requestID: .random())
            let claim = try await store.claimTask("small", worker: "w", options: options)
            return (messages, options, claim)
        } then: { store, _, state in
            let (messages, options, claim) = state
            for (id, message) in zip(["small", "large"], messages) {
                let payload = try #require(message?.payload)
                #expect(try await store.dequeueMessage(id).message == message)
                #expect(
                    try await store.getTask(id, view: .full).inputRequests
                        == [InputRequest(key: "open", payload: payload)]
                )
                #expect(try await store.waitForInput("answered", of: id) == payload)
                let refusal = await #expect(throws: TaskwireError.self) {
                    try await store.requestInput(
                        "answered",
                        payload: payload,
                        for: id,
                        leaseToken: id == "small" ? claim.leaseToken : []
                    )
                }
                #expect(refusal?.reason == .inputKeyUsed)
            }
            #expect(try await store.claimTask("small", worker: "w", options: options) == claim)
        }
    }

    @Test("a message that was taken is not given out again, and a repeat still gets it")
    func deliveries() async throws {
        try await restarting { store, _ in
            _ = try await store.createTask(id: "t")
            for step in 0..<3 {
                _ = try await store.enqueueMessage(.sample("\(step)"), kind: .notification, for: "t")
            }
            let options = CallOptions(requestID: .random())
            return (options, try await store.dequeueMessage("t", options: options))
        } then: { store, _, state in
            let (options, delivery) = state
            #expect(delivery.message?.payload == .sample("0"))
            let again = try await store.dequeueMessage("t", options: options)
            #expect(again == delivery)
            let rest = try await store.clearMessages("t").messages.map(\.payload)
            #expect(rest == [.sample("1"), .sample("2")])
        }
    }
}

import Taskwire
import TaskwireTestSupport
import Testing

@Suite("Conformance: waiting")
struct WaitingConformance {
    @Test(arguments: StoreUnderTest.allCases)
    func aWaitForAnOldRevisionReturnsAtOnce(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask(request: .sample("do"))
            let request = WaitTaskRequest(taskID: task.id, afterRevision: 0, view: .full)
            let change = try await subject.store.waitTask(request, options: .default)
            #expect(change.isChanged)
            #expect(change.task.request == .sample("do"))
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func everyVisibleChangeWakesEveryWaiter(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let store = subject.store
            let task = try await store.createTask()
            let changes: [@Sendable () async throws -> TaskState] = [
                { try await store.updateTask(task.id, statusMessage: "one") },
                { try await store.updateTask(task.id, progress: TaskProgress(current: 1)) },
                { try await store.cancelTask(task.id, mode: .request) },
                { try await store.completeTask(task.id, result: .sample("x")) },
            ]
            for change in changes {
                let revision = try await store.getTask(task.id).revision
                try await withThrowingTaskGroup(of: TaskChange.self) { group in
                    for _ in 0..<3 {
                        group.addTask {
                            let request = WaitTaskRequest(taskID: task.id, afterRevision: revision)
                            return try await store.waitTask(request, options: .default)
                        }
                    }
                    await subject.untilWaiting(3)
                    let changed = try await change()
                    for try await woken in group {
                        #expect(woken == TaskChange(task: changed, isChanged: true))
                    }
                }
            }
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func aWaitEndsWithoutAChangeWhenItsTimeIsOver(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask()
            async let change = subject.store.waitTask(
                WaitTaskRequest(taskID: task.id, afterRevision: 1, wait: .seconds(7)),
                options: .default
            )
            await subject.clock.untilSleeping(for: .seconds(7))
            subject.clock.advance(by: .seconds(7))
            #expect(try await change == TaskChange(task: task, isChanged: false))
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func eachOfManyWaitsEndsWhenItsOwnTimeIsOver(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let (store, clock) = (subject.store, subject.clock)
            let task = try await store.createTask()
            let other = try await store.createTask()
            @Sendable func wait(_ duration: Duration, for task: TaskState) async throws -> Bool {
                let request = WaitTaskRequest(taskID: task.id, afterRevision: 1, wait: duration)
                return try await store.waitTask(request, options: .default).isChanged
            }
            async let long = wait(.seconds(9), for: task)
            await clock.untilSleeping(for: .seconds(9))
            async let short = wait(.seconds(3), for: task)
            await clock.untilSleeping(for: .seconds(3))
            async let shortest = wait(.seconds(1), for: other)
            await clock.untilSleeping(for: .seconds(1))
            _ = try await store.cancelTask(other.id)
            #expect(try await shortest)
            // Nobody is left whose time that is.
            clock.advance(by: .seconds(1))
            await clock.untilSleeping(for: .seconds(2))
            clock.advance(by: .seconds(2))
            #expect(try await !short)
            await clock.untilSleeping(for: .seconds(6))
            clock.advance(by: .seconds(6))
            #expect(try await !long)
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func expiryWakesAWaiter(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask(ttl: .seconds(5))
            async let outcome = subject.store.awaitResult(
                AwaitResultRequest(taskID: task.id),
                options: .default
            )
            await subject.clock.untilSleeping(for: .seconds(5))
            subject.clock.advance(by: .seconds(5))
            #expect(try await outcome.task.status == .failed)
            #expect(try await outcome.error?.code == -32603)
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func deletionWakesAWaiter(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask()
            let outcome = Task {
                try await subject.store.awaitResult(
                    AwaitResultRequest(taskID: task.id),
                    options: .default
                )
            }
            await subject.clock.untilSleeping(for: .seconds(30))
            #expect(try await subject.store.deleteTask(task.id))
            try await expectRefusal(.notFound, .taskNotFound) { try await outcome.value }
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func awaitResultReturnsTheOutcome(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask()
            async let outcome = subject.store.awaitResult(
                AwaitResultRequest(taskID: task.id),
                options: .default
            )
            await subject.clock.untilSleeping(for: .seconds(30))
            _ = try await subject.store.updateTask(task.id, statusMessage: "not yet")
            let done = try await subject.store.completeTask(task.id, result: .everyByte)
            #expect(try await outcome == TaskOutcome(task: done, result: .everyByte))
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func awaitResultSaysWhenTheTimeIsOver(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask()
            let outcome = Task {
                try await subject.store.awaitResult(
                    AwaitResultRequest(taskID: task.id, wait: .seconds(3)),
                    options: .default
                )
            }
            await subject.clock.untilSleeping(for: .seconds(3))
            subject.clock.advance(by: .seconds(3))
            try await expectRefusal(.deadlineExceeded, .deadlineExceeded) { try await outcome.value }
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func cancellingTheSwiftTaskEndsAWait(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask()
            let waiting = Task {
                try await subject.store.awaitResult(AwaitResultRequest(taskID: task.id), options: .default)
            }
            await subject.clock.untilSleeping(for: .seconds(30))
            waiting.cancel()
            await #expect(throws: CancellationError.self) { try await waiting.value }
            #expect(try await subject.store.getTask(task.id) == task)
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func moreWaitsThanAllowedAreRefusedAndOthersGoOn(_ kind: StoreUnderTest) async throws {
        var limits = TaskLimits()
        limits.maxWaits = 2
        try await kind.run(limits: limits) { subject in
            let store = subject.store
            let task = try await store.createTask()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<2 {
                    group.addTask {
                        _ = try await store.awaitResult(
                            AwaitResultRequest(taskID: task.id),
                            options: .default
                        )
                    }
                }
                await subject.untilWaiting(2)
                // A client tries again for as long as it may.
                let options = CallOptions(timeout: .milliseconds(900))
                let refusal = try await expectRefusal(.resourceExhausted, .tooManyRequests) {
                    try await store.awaitResult(AwaitResultRequest(taskID: task.id), options: options)
                }
                #expect(refusal.retryAfter != nil)
                _ = try await store.cancelTask(task.id)
                try await group.waitForAll()
            }
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func aThousandWaitersAllWake(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let store = subject.store
            let task = try await store.createTask()
            try await withThrowingTaskGroup(of: TaskStatus.self) { group in
                for _ in 0..<1000 {
                    group.addTask {
                        let request = AwaitResultRequest(taskID: task.id)
                        return try await store.awaitResult(request, options: .default).task.status
                    }
                }
                await subject.untilWaiting(1000)
                _ = try await store.cancelTask(task.id)
                var woken = 0
                for try await status in group {
                    #expect(status == .cancelled)
                    woken += 1
                }
                #expect(woken == 1000)
            }
        }
    }
}

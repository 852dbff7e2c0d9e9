import Taskwire
import TaskwireTestSupport
import Testing

@Suite("Conformance: time to live")
struct TimeConformance {
    @Test(arguments: StoreUnderTest.allCases)
    func aTaskThatDoesNotEndInTimeFails(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask(ttl: .seconds(60))
            subject.clock.advance(by: .milliseconds(59_999))
            #expect(try await subject.store.getTask(task.id).status == .working)
            subject.clock.advance(by: .milliseconds(1))
            let expired = try await subject.store.getTask(task.id, view: .full)
            #expect(expired.status == .failed)
            #expect(expired.revision == 2)
            #expect(expired.error?.code == -32603)
            #expect(expired.error?.data == Array(#"{"reason":"TASK_EXPIRED"}"#.utf8))
            #expect(expired.lastUpdatedAt.milliseconds(since: task.createdAt) == 60_000)
            try await expectRefusal(.failedPrecondition, .taskTerminal) {
                try await subject.store.completeTask(task.id, result: .sample("late"))
            }
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func aTerminalTaskLivesOnForItsTimeAndThenGoes(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask(ttl: .seconds(60))
            subject.clock.advance(by: .seconds(30))
            _ = try await subject.store.completeTask(task.id, result: .sample("x"))
            subject.clock.advance(by: .milliseconds(59_999))
            #expect(try await subject.store.getResult(task.id).result == .sample("x"))
            subject.clock.advance(by: .milliseconds(1))
            try await expectRefusal(.notFound, .taskExpired) { try await subject.store.getTask(task.id) }
            try await expectRefusal(.notFound, .taskExpired) { try await subject.store.getResult(task.id) }
            subject.clock.advance(by: .seconds(600))
            try await expectRefusal(.notFound, .taskNotFound) { try await subject.store.getTask(task.id) }
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func aStatusMessageAfterTheEndDoesNotExtendTheLife(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask(ttl: .seconds(60))
            _ = try await subject.store.cancelTask(task.id)
            subject.clock.advance(by: .seconds(59))
            _ = try await subject.store.updateTask(task.id, statusMessage: "still here")
            subject.clock.advance(by: .seconds(1))
            try await expectRefusal(.notFound, .taskExpired) { try await subject.store.getTask(task.id) }
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func aTimeToLiveIsPositiveAndBounded(_ kind: StoreUnderTest) async throws {
        var limits = TaskLimits()
        limits.maxTTLMilliseconds = 5000
        try await kind.run(limits: limits) { subject in
            for ttl in [Duration.zero, .seconds(-1)] {
                let refusal = try await expectRefusal(.invalidArgument, .invalidField) {
                    try await subject.store.createTask(ttl: ttl)
                }
                #expect(refusal.message.contains("ttl_ms"))
            }
            let task = try await subject.store.createTask(ttl: .seconds(60))
            #expect(task.ttl == .seconds(5), "lowered, and the reply shows it")
            let patient = try await subject.store.createTask(pollInterval: .seconds(1 << 50))
            #expect(patient.pollInterval == .seconds(5), "as nobody polls a task that is gone")
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func aNewTimeToLiveCountsFromTheCreation(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask(ttl: .seconds(10))
            subject.clock.advance(by: .seconds(5))
            let request = UpdateTaskRequest(taskID: task.id, ttl: .seconds(20))
            _ = try await subject.store.updateTask(request, options: .default)
            subject.clock.advance(by: .milliseconds(14_999))
            #expect(try await subject.store.getTask(task.id).status == .working)
            subject.clock.advance(by: .milliseconds(1))
            #expect(try await subject.store.getTask(task.id).status == .failed)
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func aTimeToLiveBelowTheAgeEndsTheTaskThen(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask()
            subject.clock.advance(by: .seconds(3600))
            let request = UpdateTaskRequest(taskID: task.id, ttl: .seconds(60))
            let updated = try await subject.store.updateTask(request, options: .default)
            #expect(updated.status == .failed)
            #expect(updated.lastUpdatedAt == subject.clock.now)
            #expect(try await subject.store.getTask(task.id) == updated)
            subject.clock.advance(by: .seconds(60))
            try await expectRefusal(.notFound, .taskExpired) { try await subject.store.getTask(task.id) }
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func withoutTombstonesTasksStillGo(_ kind: StoreUnderTest) async throws {
        var limits = TaskLimits()
        limits.tombstoneMilliseconds = 0
        try await kind.run(limits: limits) { subject in
            let task = try await subject.store.createTask()
            #expect(try await subject.store.deleteTask(task.id))
            try await expectRefusal(.notFound, .taskNotFound) { try await subject.store.getTask(task.id) }
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func whatIsOverDoesNotCount(_ kind: StoreUnderTest) async throws {
        var limits = TaskLimits()
        limits.maxTasksPerOwner = 2
        try await kind.run(limits: limits) { subject in
            for _ in 0..<2 {
                let task = try await subject.store.createTask(ttl: .milliseconds(100))
                _ = try await subject.store.cancelTask(task.id)
            }
            subject.clock.advance(by: .milliseconds(100))
            _ = try await subject.store.createTask()
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func listingsShowWhatIsOverdueAsItIs(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let mortal = try await subject.store.createTask(ttl: .seconds(10))
            let eternal = try await subject.store.createTask()
            subject.clock.advance(by: .seconds(10))
            let failed = try await subject.store.listTasks(ListTasksRequest(statuses: [.failed]))
            #expect(failed.tasks.map(\.id) == [mortal.id])
            let working = try await subject.store.listTasks(ListTasksRequest(statuses: [.working]))
            #expect(working.tasks.map(\.id) == [eternal.id])
            subject.clock.advance(by: .seconds(10))
            #expect(try await subject.store.listTasks().tasks.map(\.id) == [eternal.id])
        }
    }
}

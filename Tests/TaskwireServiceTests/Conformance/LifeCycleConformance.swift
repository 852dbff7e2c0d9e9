import Taskwire
import TaskwireTestSupport
import Testing

@Suite("Conformance: life cycle")
struct LifeCycleConformance {
    @Test(arguments: StoreUnderTest.allCases)
    func aNewTaskIsWorkingAndHasWhatItWasGiven(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let request = CreateTaskRequest(
                taskID: "build-7",
                ttl: .seconds(60),
                pollInterval: .milliseconds(250),
                labels: ["team": "blue", "größe": "L"],
                request: .everyByte,
                immediateResponse: "on its way",
                statusMessage: "queued"
            )
            let created = try await subject.store.createTask(request, options: .default)
            #expect(created.id == "build-7")
            #expect(created.status == .working)
            #expect(created.statusMessage == "queued")
            #expect(created.createdAt == subject.clock.now)
            #expect(created.lastUpdatedAt == subject.clock.now)
            #expect(created.ttl == .seconds(60))
            #expect(created.pollInterval == .milliseconds(250))
            #expect(created.revision == 1)
            #expect(!created.isCancelRequested)
            #expect(created.labels == ["team": "blue", "größe": "L"])
            #expect(created.immediateResponse == "on its way")
            #expect(created.request == nil, "replies are basic views")

            #expect(try await subject.store.getTask("build-7") == created)
            let full = try await subject.store.getTask("build-7", view: .full)
            #expect(full.request == .everyByte)
            #expect(full.viewed(as: .basic) == created)
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func aNewTaskWithNothingGivenHasTheDefaults(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let created = try await subject.store.createTask()
            #expect(created.ttl == nil)
            #expect(created.pollInterval == .milliseconds(500))
            #expect(created.labels.isEmpty)
            #expect(created.statusMessage == nil)
            #expect(created.progress == nil)
            #expect(try await subject.store.getTask(created.id) == created)
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func anIDIsUsedOnce(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            _ = try await subject.store.createTask(id: "one")
            let refusal = try await expectRefusal(.alreadyExists, .taskExists) {
                try await subject.store.createTask(id: "one")
            }
            #expect(refusal.task?.id == "one")
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func whatIsNotThereIsNotFound(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let store = subject.store
            try await expectRefusal(.notFound, .taskNotFound) { try await store.getTask("no") }
            try await expectRefusal(.notFound, .taskNotFound) {
                try await store.updateTask("no", statusMessage: "x")
            }
            try await expectRefusal(.notFound, .taskNotFound) {
                try await store.storeResult(.sample("x"), for: "no")
            }
            try await expectRefusal(.notFound, .taskNotFound) {
                try await store.completeTask("no", result: .sample("x"))
            }
            try await expectRefusal(.notFound, .taskNotFound) {
                try await store.failTask("no", error: TaskError(message: "x"))
            }
            try await expectRefusal(.notFound, .taskNotFound) { try await store.cancelTask("no") }
            try await expectRefusal(.notFound, .taskNotFound) { try await store.getResult("no") }
            try await expectRefusal(.notFound, .taskNotFound) {
                try await store.waitTask(WaitTaskRequest(taskID: "no", afterRevision: 0), options: .default)
            }
            try await expectRefusal(.notFound, .taskNotFound) {
                try await store.awaitResult(AwaitResultRequest(taskID: "no"), options: .default)
            }
            #expect(try await store.deleteTask("no") == false)
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func workingAndInputRequiredLeadToEachOther(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask()
            subject.clock.advance(by: .seconds(1))
            let asking = try await subject.store.updateTask(
                task.id,
                status: .inputRequired,
                statusMessage: "which?"
            )
            #expect(asking.status == .inputRequired)
            #expect(asking.statusMessage == "which?")
            #expect(asking.revision == 2)
            #expect(asking.lastUpdatedAt == subject.clock.now)
            #expect(asking.createdAt == task.createdAt)
            let again = try await subject.store.updateTask(task.id, status: .working)
            #expect(again.status == .working)
            #expect(again.statusMessage == "which?")
            #expect(again.revision == 3)
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func theSameStatusIsNoTransition(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask()
            let same = try await subject.store.updateTask(task.id, status: .working)
            #expect(same == task)
            let cancelled = try await subject.store.cancelTask(task.id)
            #expect(try await subject.store.updateTask(task.id, status: .cancelled) == cancelled)
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func everyFieldOfAnUpdateIsKept(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask()
            let request = UpdateTaskRequest(
                taskID: task.id,
                statusMessage: "half",
                ttl: .seconds(90),
                pollInterval: .seconds(2),
                progress: TaskProgress(current: 0.5, total: 1),
                expectedRevision: 1
            )
            let updated = try await subject.store.updateTask(request, options: .default)
            #expect(updated.statusMessage == "half")
            #expect(updated.ttl == .seconds(90))
            #expect(updated.pollInterval == .seconds(2))
            #expect(updated.progress == TaskProgress(current: 0.5, total: 1))
            #expect(updated.revision == 2)
            #expect(try await subject.store.getTask(task.id) == updated)
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func anUnexpectedRevisionIsRefusedAndChangesNothing(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask()
            let request = UpdateTaskRequest(taskID: task.id, statusMessage: "late", expectedRevision: 5)
            let refusal = try await expectRefusal(.aborted, .revisionMismatch) {
                try await subject.store.updateTask(request, options: .default)
            }
            #expect(refusal.task == task)
            #expect(try await subject.store.getTask(task.id) == task)
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func completingStoresResultAndStatusInOneStep(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask()
            let done = try await subject.store.completeTask(task.id, result: .everyByte)
            #expect(done.status == .completed)
            #expect(done.revision == 2)
            let outcome = try await subject.store.getResult(task.id)
            #expect(outcome == TaskOutcome(task: done, result: .everyByte))
            #expect(try await subject.store.getTask(task.id, view: .full).result == .everyByte)
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func failingStoresErrorAndStatusInOneStep(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask()
            let error = TaskError(code: -32001, message: "no such city", data: Array(#"{"city":"X"}"#.utf8))
            let failed = try await subject.store.failTask(task.id, error: error)
            #expect(failed.status == .failed)
            #expect(failed.statusMessage == "no such city")
            #expect(try await subject.store.getResult(task.id) == TaskOutcome(task: failed, error: error))
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func aResultStoredBeforeIsWhatCompletes(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask()
            #expect(try await subject.store.getResult(task.id).hasResult == false)
            _ = try await subject.store.storeResult(.sample("first"), for: task.id)
            let stored = try await subject.store.storeResult(.sample("second"), for: task.id)
            #expect(stored.status == .working)
            #expect(try await subject.store.getResult(task.id).result == .sample("second"))
            let request = CompleteTaskRequest(taskID: task.id, result: nil)
            let done = try await subject.store.completeTask(request, options: .default)
            #expect(done.status == .completed)
            #expect(try await subject.store.getResult(task.id).result == .sample("second"))
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func completingNeedsAResult(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask()
            try await expectRefusal(.invalidArgument, .invalidField) {
                let request = CompleteTaskRequest(taskID: task.id, result: nil)
                return try await subject.store.completeTask(request, options: .default)
            }
            #expect(try await subject.store.getTask(task.id) == task)
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func cancellingDropsAStoredResult(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask()
            _ = try await subject.store.storeResult(.sample("half"), for: task.id)
            let cancelled = try await subject.store.cancelTask(task.id)
            #expect(cancelled.status == .cancelled)
            #expect(cancelled.isCancelRequested)
            #expect(try await subject.store.getResult(task.id) == TaskOutcome(task: cancelled))
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func askingForCancellationLeavesTheStatus(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask()
            let asked = try await subject.store.cancelTask(task.id, mode: .request)
            #expect(asked.status == .working)
            #expect(asked.isCancelRequested)
            #expect(asked.revision == 2)
            let done = try await subject.store.completeTask(task.id, result: .sample("anyway"))
            #expect(
                try await subject.store.cancelTask(task.id, mode: .request) == done,
                "acknowledged, no error"
            )
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func cancellingATerminalTaskIsTheInvalidParamsErrorOfThePythonSDK(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask()
            let done = try await subject.store.completeTask(task.id, result: .sample("x"))
            let refusal = try await expectRefusal(.failedPrecondition, .taskTerminal) {
                try await subject.store.cancelTask(task.id)
            }
            #expect(refusal.message == "Cannot cancel task in terminal state 'completed'")
            #expect(refusal.jsonRPCCode == -32602)
            #expect(refusal.task == done)
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func aTerminalTaskIsFrozenButForItsStatusMessage(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let store = subject.store
            for end in [TaskStatus.completed, .failed, .cancelled] {
                let task = try await store.createTask(ttl: .seconds(100))
                _ = try await store.updateTask(task.id, status: end)
                let before = try await store.getTask(task.id, view: .full)
                for status in TaskStatus.allCases where status != end {
                    try await expectRefusal(.failedPrecondition, .taskTerminal) {
                        try await store.updateTask(task.id, status: status)
                    }
                }
                try await expectRefusal(.failedPrecondition, .taskTerminal) {
                    try await store.completeTask(task.id, result: .sample("late"))
                }
                try await expectRefusal(.failedPrecondition, .taskTerminal) {
                    try await store.storeResult(.sample("late"), for: task.id)
                }
                try await expectRefusal(.failedPrecondition, .taskTerminal) {
                    try await store.failTask(task.id, error: TaskError(message: "late"))
                }
                try await expectRefusal(.failedPrecondition, .taskTerminal) {
                    let request = UpdateTaskRequest(taskID: task.id, ttl: .seconds(9))
                    return try await store.updateTask(request, options: .default)
                }
                #expect(try await store.getTask(task.id, view: .full) == before)

                let noted = try await store.updateTask(task.id, statusMessage: "archived")
                #expect(noted.statusMessage == "archived")
                #expect(noted.status == end)
                #expect(noted.revision == before.revision + 1)
            }
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func theFirstTerminalTransitionWinsARace(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let store = subject.store
            for _ in 0..<50 {
                let id = try await store.createTask().id
                async let completion = Result { try await store.completeTask(id, result: .sample("won")) }
                async let cancellation = Result { try await store.cancelTask(id) }
                async let failure = Result { try await store.failTask(id, error: TaskError(message: "won")) }
                let winners = await [completion, cancellation, failure].compactMap { try? $0.get() }
                #expect(winners.count == 1)
                let outcome = try await store.getResult(id)
                #expect(outcome.task == winners.first)
                #expect((outcome.result != nil) == (outcome.task.status == .completed))
                #expect((outcome.error != nil) == (outcome.task.status == .failed))
            }
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func deletingSaysWhetherTheTaskWasThere(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask()
            #expect(try await subject.store.deleteTask(task.id))
            #expect(try await subject.store.deleteTask(task.id) == false)
            try await expectRefusal(.notFound, .taskNotFound) { try await subject.store.getTask(task.id) }
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func theSameIDCreatedAnewCountsItsRevisionsOn(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let first = try await subject.store.createTask(id: "again")
            _ = try await subject.store.deleteTask("again")
            let second = try await subject.store.createTask(id: "again")
            #expect(second.revision > first.revision)
            #expect(second.status == .working)
        }
    }
}

extension Result where Failure == any Error {
    fileprivate init(catching body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}

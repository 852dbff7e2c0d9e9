import Taskwire
import TaskwireTestSupport
import Testing

/// One test for each fault of the MCP Python SDK 1.29's task support that a store must not have.
@Suite("Faults of the Python SDK that are not here")
struct PythonSDKFaults {
    @Test(arguments: StoreUnderTest.allCases)
    func cancellingThenFinishingCrashesTheServer(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask()
            try await withTaskExecution(of: task.id, in: subject.store) { context in
                _ = try await subject.store.cancelTask(task.id)
                try await context.complete(.sample("finished all the same"))
            }
            let outcome = try await subject.store.getResult(task.id)
            #expect(outcome.task.status == .cancelled)
            #expect(!outcome.hasResult)
            _ = try await subject.store.createTask()
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func cancelNeverReachesTheWorker(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask()
            let (isCancelled, report) = AsyncStream.makeStream(of: Bool.self)
            async let execution: Void = withTaskExecution(of: task.id, in: subject.store) { context in
                try await context.updateStatus("started")
                do {
                    try await Task.sleep(for: .seconds(3600))
                } catch {
                    report.yield(context.isCancelled)
                    report.finish()
                    throw error
                }
            }
            for try await snapshot in pollUntilTerminal(task.id, in: subject.store)
            where snapshot.statusMessage == "started" && !snapshot.status.isTerminal {
                _ = try await subject.store.cancelTask(task.id)
            }
            try await execution
            #expect(await isCancelled.first { _ in true } == true)
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func wakeUpsLostBecauseEachWaiterReplacesTheEvent(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask()
            async let first = subject.store.awaitResult(
                AwaitResultRequest(taskID: task.id),
                options: .default
            )
            await subject.untilWaiting(1)
            async let second = subject.store.awaitResult(
                AwaitResultRequest(taskID: task.id),
                options: .default
            )
            await subject.untilWaiting(2)
            _ = try await subject.store.completeTask(task.id, result: .sample("x"))
            #expect(try await first.result == .sample("x"))
            #expect(try await second.result == .sample("x"))
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func expiryWakesNobody(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask(ttl: .seconds(2))
            _ = try await subject.store.cancelTask(task.id)
            let revision = try await subject.store.getTask(task.id).revision
            let gone = Task {
                try await subject.store.waitTask(
                    WaitTaskRequest(taskID: task.id, afterRevision: revision),
                    options: .default
                )
            }
            await subject.clock.untilSleeping(for: .seconds(2))
            subject.clock.advance(by: .seconds(2))
            try await expectRefusal(.notFound, .taskExpired) { try await gone.value }
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func completeIsTwoStepsSoACancelledTaskCanHoldAResult(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask()
            _ = try await subject.store.storeResult(.sample("stored"), for: task.id)
            _ = try await subject.store.updateTask(task.id, status: .cancelled)
            try await expectRefusal(.failedPrecondition, .taskTerminal) {
                try await subject.store.completeTask(task.id, result: .sample("late"))
            }
            #expect(try await subject.store.getResult(task.id).hasResult == false)
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func bodiesThatReturnWithoutCompletingStayWorkingForEver(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask()
            try await withTaskExecution(of: task.id, in: subject.store) { _ in }
            let outcome = try await subject.store.getResult(task.id)
            #expect(outcome.task.status == .failed)
            #expect(outcome.error?.message == "finished without a result")
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func errorsLeakOutOfTaskExecution(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask()
            try await withTaskExecution(of: task.id, in: subject.store) { context in
                _ = try await subject.store.cancelTask(task.id)
                try await context.fail("the store refuses this one")
            }
            #expect(try await subject.store.getTask(task.id).status == .cancelled)
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func resultsOverwrittenAfterTheEnd(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask()
            _ = try await subject.store.completeTask(task.id, result: .sample("first"))
            try await expectRefusal(.failedPrecondition, .taskTerminal) {
                try await subject.store.storeResult(.sample("second"), for: task.id)
            }
            #expect(try await subject.store.getResult(task.id).result == .sample("first"))
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func expiredResultsServedAndExpiredTasksRevived(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask(ttl: .seconds(5))
            _ = try await subject.store.completeTask(task.id, result: .sample("x"))
            subject.clock.advance(by: .seconds(5))
            try await expectRefusal(.notFound, .taskExpired) { try await subject.store.getResult(task.id) }
            try await expectRefusal(.notFound, .taskExpired) {
                try await subject.store.updateTask(task.id, statusMessage: "alive")
            }
            try await expectRefusal(.notFound, .taskExpired) {
                let request = UpdateTaskRequest(taskID: task.id, ttl: .seconds(500))
                return try await subject.store.updateTask(request, options: .default)
            }
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func failedTasksLoseTheirError(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask()
            let error = TaskError(code: -32050, message: "why", data: Array("[1,2]".utf8))
            _ = try await subject.store.failTask(task.id, error: error)
            #expect(try await subject.store.getTask(task.id, view: .full).error == error)
            #expect(
                try await subject.store.awaitResult(AwaitResultRequest(taskID: task.id), options: .default)
                    .error == error
            )

            let other = try await subject.store.createTask()
            _ = try await subject.store.updateTask(other.id, status: .failed, statusMessage: "by update")
            #expect(try await subject.store.getResult(other.id).error?.message == "by update")
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func theCursorBreaksWhenItsTaskGoes(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            for step in 0..<3 {
                _ = try await subject.store.createTask(id: "t\(step)")
                subject.clock.advance(by: .milliseconds(1))
            }
            let page = try await subject.store.listTasks(ListTasksRequest(pageSize: 1))
            _ = try await subject.store.deleteTask("t0")
            let rest = try await subject.store.listTasks(
                ListTasksRequest(pageSize: 9, cursor: page.nextCursor)
            )
            #expect(rest.tasks.map(\.id) == ["t1", "t2"])
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func negativeTTLAccepted(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            try await expectRefusal(.invalidArgument, .invalidField) {
                try await subject.store.createTask(ttl: .milliseconds(-1))
            }
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func thePollIntervalIsHardCoded(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask(pollInterval: .milliseconds(1500))
            #expect(try await subject.store.getTask(task.id).pollInterval == .milliseconds(1500))
        }
    }
}

import Synchronization
import Taskwire
import TaskwireTestSupport
import Testing

/// What becomes of a task and of the work on it, however either of them ends.
@Suite("Conformance: the execution of work")
struct ExecutionConformance {
    /// Suspends until the Swift task is cancelled, and throws what cancelled tasks throw.
    private static func untilCancelled() async throws {
        try await Task.sleep(for: .seconds(3600))
    }

    /// Cancels the task as somebody else would: the body, which learns of it at any moment, is not the caller.
    private static func cancel(_ taskID: String, in store: any TaskStore, mode: CancelMode) async throws {
        _ = try await Task { try await store.cancelTask(taskID, mode: mode) }.value
    }

    @Test(arguments: StoreUnderTest.allCases)
    func theWorkHoldsTheLease(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask(request: .sample("in"))
            try await withTaskExecution(
                of: task.id,
                in: subject.store,
                worker: "w-1",
                lease: .seconds(20),
                onLoss: .release
            ) { context in
                let lease = try await subject.store.getTask(task.id).lease
                #expect(lease?.worker == "w-1")
                #expect(lease?.expiresAt.milliseconds(since: subject.clock.now) == 20_000)
                #expect(context.request == .sample("in"))
                try await expectRefusal(.failedPrecondition, .leaseLost) {
                    try await subject.store.completeTask(task.id, result: .sample("not mine"))
                }
                try await context.updateStatus("working")
                try await context.progress(1)
                try await context.messages.enqueue(.sample("news"), kind: .notification)
                try await context.complete(.sample("out"))
            }
            let outcome = try await subject.store.getResult(task.id)
            #expect(outcome.result == .sample("out"))
            #expect(outcome.task.lease == nil)
            #expect(try await subject.store.peekMessage(task.id).message?.payload == .sample("news"))
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func aTaskThatAnotherWorkerHoldsIsNotWorkedOn(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask()
            let claim = try await subject.store.claimTask(task.id, worker: "first")
            try await expectRefusal(.failedPrecondition, .leaseHeld) {
                try await withTaskExecution(of: task.id, in: subject.store) { _ in
                    Issue.record("another worker has it")
                }
            }
            #expect(try await subject.store.getTask(task.id) == claim.task)
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func aBodyThatReturnsWithoutAResultFailsItsTask(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask()
            try await withTaskExecution(of: task.id, in: subject.store) { _ in }
            let outcome = try await subject.store.getResult(task.id)
            #expect(outcome.error == TaskError(message: "finished without a result"))
        }
    }

    @Test(arguments: StoreUnderTest.allCases, [CancelMode.immediate, .request])
    func cancellationStopsTheBody(_ kind: StoreUnderTest, _ mode: CancelMode) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask()
            try await withTaskExecution(of: task.id, in: subject.store) { context in
                try await Self.cancel(task.id, in: subject.store, mode: mode)
                do {
                    try await Self.untilCancelled()
                } catch {
                    #expect(context.isCancelled)
                    throw error
                }
            }
            let cancelled = try await subject.store.getTask(task.id)
            #expect(cancelled.status == .cancelled)
            #expect(cancelled.lease == nil)
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func aBodyMayFinishWhatSomebodyAskedToCancel(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask()
            try await withTaskExecution(of: task.id, in: subject.store) { context in
                try await Self.cancel(task.id, in: subject.store, mode: .request)
                try? await Self.untilCancelled()
                try await context.complete(.sample("almost done anyway"))
            }
            let outcome = try await subject.store.getResult(task.id)
            #expect(outcome.task.status == .completed)
            #expect(outcome.result == .sample("almost done anyway"))
        }
    }

    @Test(arguments: StoreUnderTest.allCases, LeaseLossPolicy.allCases)
    func aLostLeaseStopsTheBodyAndLeavesTheTaskAlone(
        _ kind: StoreUnderTest,
        _ onLoss: LeaseLossPolicy
    ) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask()
            let next = Mutex<TaskClaim?>(nil)
            try await withTaskExecution(of: task.id, in: subject.store, onLoss: onLoss) { context in
                await subject.clock.untilSleeping(for: .seconds(30))
                subject.clock.advance(by: .seconds(30))
                try? await Self.untilCancelled()
                #expect(context.isCancelled)
                if onLoss == .release {
                    #expect(context.isLeaseLost)
                    // By somebody else, whom nobody cancelled.
                    let claim = try await Task {
                        try await subject.store.claimTask(task.id, worker: "next")
                    }.value
                    next.withLock { $0 = claim }
                }
                // A body that does not care is refused.
                try await context.complete(.sample("too late"))
            }
            let outcome = try await subject.store.getResult(task.id)
            #expect(outcome.result == nil)
            switch onLoss {
            case .fail: #expect(outcome.error?.message == "worker lost")
            case .release: #expect(outcome.task == next.withLock { $0?.task })
            }
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func aWorkerThatIsToldToStopGivesBackWhatOthersMayDo(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask()
            let (started, report) = AsyncStream.makeStream(of: Void.self)
            let worker = Task {
                try await withTaskExecution(of: task.id, in: subject.store, onLoss: .release) { _ in
                    report.finish()
                    try await Self.untilCancelled()
                }
            }
            for await _ in started {}
            worker.cancel()
            try await worker.value
            let released = try await subject.store.getTask(task.id)
            #expect(released.status == .working)
            #expect(released.lease == nil)
            try await withTaskExecution(of: task.id, in: subject.store) { context in
                try await context.complete(.sample("done by another"))
            }
            #expect(try await subject.store.getTask(task.id).status == .completed)
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func aCallerThatIsCancelledBeforeTheClaimLeavesTheTaskAsItWas(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask()
            let worker = Task {
                // Not before this is cancelled.
                try? await Self.untilCancelled()
                try await withTaskExecution(of: task.id, in: subject.store) { _ in
                    Issue.record("nobody wants it any more")
                }
            }
            worker.cancel()
            await #expect(throws: CancellationError.self) { try await worker.value }
            #expect(try await subject.store.getTask(task.id) == task)
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func aTaskThatIsMadeAnewIsNobodysWork(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask(id: "t")
            let anew = Mutex<TaskState?>(nil)
            try await withTaskExecution(of: task.id, in: subject.store) { context in
                try await Self.cancel(task.id, in: subject.store, mode: .request)
                try? await Self.untilCancelled()
                let created = try await Task {
                    _ = try await subject.store.deleteTask("t")
                    return try await subject.store.createTask(id: "t")
                }.value
                anew.withLock { $0 = created }
                throw CancellationError()
            }
            #expect(try await subject.store.getTask("t") == anew.withLock { $0 })
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func anErrorWithAnyTextFailsTheTask(_ kind: StoreUnderTest) async throws {
        struct Mishap: Error, CustomStringConvertible {
            var description: String
        }
        try await kind.run { subject in
            for text in ["nul\0nul", String(repeating: "long", count: 10_000)] {
                let task = try await subject.store.createTask()
                try await withTaskExecution(of: task.id, in: subject.store) { _ in
                    throw Mishap(description: text)
                }
                let message = try await subject.store.getResult(task.id).error?.message
                #expect(message?.hasPrefix(text.hasPrefix("long") ? "longlong" : "nul nul") == true)
            }
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func theBodyAsksAndSomebodyAnswers(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let store = subject.store
            let task = try await store.createTask()
            async let execution: Void = withTaskExecution(of: task.id, in: store) { context in
                let city = try await context.requestInput(key: "city", payload: .sample("Which city?"))
                #expect(context.task.status == .working)
                try await context.complete(city)
            }
            for try await snapshot in pollUntilTerminal(task.id, in: store)
            where snapshot.status == .inputRequired {
                let questions = try await store.getTask(task.id, view: .full).inputRequests
                #expect(questions == [InputRequest(key: "city", payload: .sample("Which city?"))])
                _ = try await store.provideInput(["city": .sample("Paris")], for: task.id)
            }
            try await execution
            #expect(try await store.getResult(task.id).result == .sample("Paris"))
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func nobodyIsAskedTwiceWhenTheWorkBeginsAgain(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let store = subject.store
            let task = try await store.createTask()
            let (asked, report) = AsyncStream.makeStream(of: Void.self)
            let first = Task {
                try await withTaskExecution(of: task.id, in: store, onLoss: .release) { context in
                    async let answer = context.requestInput(key: "city", payload: .sample("Which city?"))
                    for try await snapshot in pollUntilTerminal(task.id, in: store)
                    where snapshot.status == .inputRequired {
                        report.finish()
                    }
                    _ = try await answer
                }
            }
            for await _ in asked {}
            first.cancel()
            try await first.value
            _ = try await store.provideInput(["city": .sample("Paris")], for: task.id)
            try await withTaskExecution(of: task.id, in: store) { context in
                try await context.complete(
                    try await context.requestInput(key: "city", payload: .sample("Which city?"))
                )
            }
            #expect(try await store.getResult(task.id).result == .sample("Paris"))
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func aBodyThatUsesAKeyTwiceIsToldSo(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let store = subject.store
            let task = try await store.createTask()
            try await withTaskExecution(of: task.id, in: store) { context in
                async let answer = context.requestInput(key: "k", payload: .sample("one"))
                for try await snapshot in pollUntilTerminal(task.id, in: store)
                where snapshot.status == .inputRequired {
                    _ = try await store.provideInput(["k": .sample("1")], for: task.id)
                    break
                }
                #expect(try await answer == .sample("1"))
                _ = try await context.requestInput(key: "k", payload: .sample("two"))
            }
            let outcome = try await store.getResult(task.id)
            #expect(outcome.task.status == .failed)
            #expect(outcome.error?.message.contains("INPUT_KEY_USED") == true)
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func aWaitForAnAnswerEndsWithTheTask(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let store = subject.store
            let task = try await store.createTask()
            async let execution: Void = withTaskExecution(of: task.id, in: store) { context in
                _ = try await context.requestInput(key: "k", payload: .sample("q"))
                Issue.record("nobody answered")
            }
            for try await snapshot in pollUntilTerminal(task.id, in: store)
            where snapshot.status == .inputRequired {
                _ = try await store.cancelTask(task.id)
            }
            try await execution
            #expect(try await store.getTask(task.id).status == .cancelled)
        }
    }
}

import Foundation
import Taskwire
import TaskwireTestSupport
import Testing

/// The helpers of the MCP Python SDK, one by one, on every store.
@Suite("Conformance: helpers")
struct HelperConformance {
    struct WorkFailed: Error, CustomStringConvertible {
        var description: String
    }

    @Test(arguments: StoreUnderTest.allCases)
    func cancelTaskCancels(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask()
            let cancelled = try await cancelTask(task.id, in: subject.store)
            #expect(cancelled.status == .cancelled)
            #expect(try await subject.store.getTask(task.id) == cancelled)
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func cancelTaskOfAnUnknownTaskIsInvalidParams(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let refusal = try await expectRefusal(.notFound, .taskNotFound) {
                try await cancelTask("nowhere", in: subject.store)
            }
            #expect(refusal.jsonRPCCode == -32602)
            #expect(refusal.message == "Task not found: nowhere")
        }
    }

    @Test(arguments: StoreUnderTest.allCases, TaskStatus.allCases.filter(\.isTerminal))
    func cancelTaskOfATerminalTaskIsInvalidParams(_ kind: StoreUnderTest, _ status: TaskStatus) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask()
            let ended = try await subject.store.updateTask(task.id, status: status)
            let refusal = try await expectRefusal(.failedPrecondition, .taskTerminal) {
                try await cancelTask(task.id, in: subject.store)
            }
            #expect(refusal.jsonRPCCode == -32602)
            #expect(refusal.message == "Cannot cancel task in terminal state '\(status.rawValue)'")
            #expect(try await subject.store.getTask(task.id) == ended)
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func theWorkCompletesItsTask(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask(request: .sample("in"))
            try await withTaskExecution(of: task.id, in: subject.store) { context in
                #expect(context.taskID == task.id)
                #expect(context.request == .sample("in"))
                #expect(!context.isCancelled)
                try await context.updateStatus("Working...")
                #expect(context.task.statusMessage == "Working...")
                try await context.progress(1, of: 2)
                try await context.complete(.sample("out"))
            }
            let outcome = try await subject.store.getResult(task.id)
            #expect(outcome.task.status == .completed)
            #expect(outcome.task.statusMessage == "Working...")
            #expect(outcome.task.progress == TaskProgress(current: 1, total: 2))
            #expect(outcome.result == .sample("out"))
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func theWorkOfAnUnknownTaskThrows(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            try await expectRefusal(.notFound, .taskNotFound) {
                try await withTaskExecution(of: "nowhere", in: subject.store) { _ in
                    Issue.record("there is nothing to work on")
                }
            }
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func anErrorOfTheWorkFailsItsTaskAndGoesNoFurther(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask()
            try await withTaskExecution(of: task.id, in: subject.store) { _ in
                throw WorkFailed(description: "the disk is on fire")
            }
            let outcome = try await subject.store.getResult(task.id)
            #expect(outcome.task.status == .failed)
            #expect(outcome.task.statusMessage == "the disk is on fire")
            #expect(outcome.error == TaskError(code: -32603, message: "the disk is on fire"))
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func anErrorAfterTheEndChangesNothing(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask()
            try await withTaskExecution(of: task.id, in: subject.store) { context in
                try await context.complete(.sample("done"))
                throw WorkFailed(description: "too late to matter")
            }
            let outcome = try await subject.store.getResult(task.id)
            #expect(outcome.task.status == .completed)
            #expect(outcome.result == .sample("done"))
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func theWorkOfATerminalTaskIsLeftAlone(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask()
            let cancelled = try await subject.store.cancelTask(task.id)
            try await withTaskExecution(of: task.id, in: subject.store) { _ in
                Issue.record("the task has ended")
            }
            #expect(try await subject.store.getTask(task.id) == cancelled)
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func aRequestedCancellationThatTheWorkObeysLeavesTheTaskCancelled(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask()
            async let execution: Void = withTaskExecution(of: task.id, in: subject.store) { context in
                try await context.updateStatus("started")
                try await Task.sleep(for: .seconds(3600))
            }
            for try await snapshot in pollUntilTerminal(task.id, in: subject.store)
            where snapshot.statusMessage == "started" && !snapshot.isCancelRequested {
                _ = try await subject.store.cancelTask(task.id, mode: .request)
            }
            try await execution
            #expect(try await subject.store.getTask(task.id).status == .cancelled)
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func deletingTheTaskStopsTheWork(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask()
            try await withTaskExecution(of: task.id, in: subject.store) { context in
                _ = try await subject.store.deleteTask(task.id)
                while !context.isCancelled { await Task.yield() }
            }
            try await expectRefusal(.notFound, .taskNotFound) { try await subject.store.getTask(task.id) }
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func theWorkMayAskForItsOwnCancellation(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask()
            try await withTaskExecution(of: task.id, in: subject.store) { context in
                try await context.requestCancellation()
                #expect(context.isCancelled)
                try await context.fail("gave up", code: -32000)
            }
            let outcome = try await subject.store.getResult(task.id)
            #expect(outcome.error == TaskError(code: -32000, message: "gave up"))
            #expect(outcome.task.isCancelRequested)
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func cancellingTheWorkerFailsTheTask(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask()
            let worker = Task {
                try await withTaskExecution(of: task.id, in: subject.store) { context in
                    try await context.updateStatus("started")
                    try await Task.sleep(for: .seconds(3600))
                }
            }
            for try await snapshot in pollUntilTerminal(task.id, in: subject.store)
            where snapshot.statusMessage == "started" {
                worker.cancel()
            }
            try await worker.value
            #expect(try await subject.store.getTask(task.id).status == .failed)
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func pollUntilTerminalShowsEachChangeAndEnds(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask()
            var seen: [TaskStatus] = []
            for try await snapshot in pollUntilTerminal(task.id, in: subject.store) {
                seen.append(snapshot.status)
                switch snapshot.revision {
                case 1: _ = try await subject.store.updateTask(task.id, status: .inputRequired)
                case 2: _ = try await subject.store.updateTask(task.id, status: .working)
                case 3: _ = try await subject.store.completeTask(task.id, result: .sample("x"))
                default: break
                }
            }
            #expect(seen == [.working, .inputRequired, .working, .completed])
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func waitForResultReturnsTheOutcome(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask()
            async let outcome = subject.store.waitForResult(task.id)
            await subject.clock.untilSleeping(for: .seconds(30))
            // One call's wait is over, and the next one follows.
            subject.clock.advance(by: .seconds(30))
            await subject.clock.untilSleeping(for: .seconds(30))
            _ = try await subject.store.completeTask(task.id, result: .sample("x"))
            #expect(try await outcome.result == .sample("x"))
        }
    }
}

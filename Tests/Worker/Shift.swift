import Foundation
import Taskwire
import TaskwireTestSupport

/// The work of one worker.
struct Shift: Sendable {
    /// What a body throws that is ordered to.
    private struct Mishap: Error, CustomStringConvertible {
        let description = "a mishap"
    }

    let store: any TaskStore
    let name: String
    let lease: Duration

    // MARK: Choice

    /// Works on one task, as soon as no other worker has it.
    func work(on taskID: String) async throws {
        while let task = try await execute(taskID) {
            say(WorkerEvent(.held, taskID, task: task))
            try await untilChanged(task)
        }
    }

    /// Works on whatever is open and free in a pool, until everything has ended.
    func work(onPool pool: String) async throws {
        while true {
            let open = try await openTasks(inPool: pool)
            // No more than a few of a listing, as it is soon out of date.
            let free = open.filter { $0.lease == nil }.shuffled().prefix(16)
            for task in free { _ = try await execute(task.id) }
            guard free.isEmpty else { continue }
            guard let task = open.randomElement() else { return }
            try await untilChanged(task)
        }
    }

    private func openTasks(inPool pool: String) async throws -> [TaskState] {
        var request = ListTasksRequest(
            pageSize: 1000,
            statuses: [.working, .inputRequired],
            labels: ["pool": pool]
        )
        var tasks: [TaskState] = []
        repeat {
            let page = try await store.listTasks(request)
            tasks += page.tasks
            request.cursor = page.nextCursor
        } while !request.cursor.isEmpty
        return tasks
    }

    /// Returns when the task has changed since, is gone, or after a second.
    private func untilChanged(_ task: TaskState) async throws {
        let request = WaitTaskRequest(taskID: task.id, afterRevision: task.revision, wait: .seconds(1))
        do {
            _ = try await store.waitTask(request, options: .default)
        } catch let error as TaskwireError where error.code == .notFound {
            return
        }
    }

    // MARK: Work

    /// Works on one task, unless another worker holds it: then it returns the task.
    private func execute(_ taskID: String) async throws -> TaskState? {
        do {
            guard let request = try await store.getTask(taskID, view: .full).request else {
                throw CocoaError(.coderInvalidValue)
            }
            let order = try request.decode(WorkOrder.self)
            try await withTaskExecution(
                of: taskID,
                in: store,
                worker: name,
                lease: lease,
                onLoss: order.onLoss
            ) { context in
                say(WorkerEvent(.started, taskID, task: context.task))
                try await carryOut(order, context, claimRevision: context.task.revision)
            }
            say(WorkerEvent(.left, taskID))
        } catch let error as TaskwireError where error.reason == .leaseHeld {
            return error.task
        } catch let error as TaskwireError where error.code == .notFound {
            say(WorkerEvent(.skipped, taskID, reason: error.reason))
        }
        return nil
    }

    private func carryOut(
        _ order: WorkOrder,
        _ context: TaskContext,
        claimRevision: UInt64
    ) async throws {
        let report = WorkReport(worker: name, claimRevision: claimRevision)
        switch order.action {
        case .complete:
            try await Task.sleep(for: .milliseconds(order.milliseconds))
            try await complete(context, report)
        case .fail:
            try await context.fail("as ordered")
        case .throw:
            throw Mishap()
        case .return:
            return
        case .hang:
            try await untilTold(context)
        case .stubborn:
            try? await untilTold(context)
            try await complete(context, report)
        case .ask:
            var report = report
            report.answer = try await context.requestInput(key: "question", payload: .sample("?")).text
            try await complete(context, report)
        }
    }

    private func untilTold(_ context: TaskContext) async throws {
        do {
            try await Task.sleep(for: .seconds(24 * 60 * 60))
        } catch {
            say(WorkerEvent(.told, context.taskID, task: context.task))
            throw error
        }
    }

    private func complete(_ context: TaskContext, _ report: WorkReport) async throws {
        do {
            try await context.complete(Payload(json: report))
            say(WorkerEvent(.acknowledged, context.taskID, task: context.task, report: report))
        } catch let error as TaskwireError {
            say(WorkerEvent(.refused, context.taskID, reason: error.reason))
            throw error
        }
    }
}

/// Writes a line to standard output in one piece and at once: a process that is killed leaves no half of one.
private func say(_ event: WorkerEvent) {
    guard let line = try? JSONEncoder().encode(event) else { return }
    FileHandle.standardOutput.write(line + Data("\n".utf8))
}

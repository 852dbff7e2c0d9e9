/// Runs `body` as the work of a task, and makes sure that the task ends with it.
///
/// - A body that completes or fails the task through its context has done its part.
/// - An error thrown by the body fails the task with its text and is not thrown on.
/// - A body that returns without either fails the task: "finished without a result".
/// - When the task is cancelled, is asked to be, or ends otherwise, the body is cancelled (Swift cancellation and
///   ``TaskContext/isCancelled``). A body that then stops with `CancellationError` leaves the task `cancelled`.
/// - A task that has ended by then is left alone, and that is no error.
///
/// - Throws: What the store throws when the task is not there (NOT_FOUND) or its end cannot be stored.
public func withTaskExecution(
    of taskID: String,
    in store: some TaskStore,
    _ body: @escaping @Sendable (TaskContext) async throws -> Void
) async throws {
    let context = TaskContext(task: try await store.getTask(taskID, view: .full), store: store)
    guard !context.task.status.isTerminal else { return }

    let failure = await withTaskGroup(of: Finished.self) { group in
        group.addTask {
            do {
                try await body(context)
                return .body(nil)
            } catch {
                return .body(error)
            }
        }
        group.addTask {
            await waitUntilPointless(context, in: store)
            return .watch
        }
        // Whoever comes first ends the other; the body's end is what counts.
        var failure: (any Error)?
        for await finished in group {
            group.cancelAll()
            if case .body(let error) = finished { failure = error }
        }
        return failure
    }
    try await withoutCancellation { try await settle(context, in: store, after: failure) }
}

private enum Finished: Sendable {
    case body((any Error)?)
    case watch
}

/// Returns when the body should stop.
private func waitUntilPointless(_ context: TaskContext, in store: some TaskStore) async {
    while !Task.isCancelled, !context.task.mustStop {
        do {
            let request = WaitTaskRequest(taskID: context.taskID, afterRevision: context.task.revision)
            context.note(try await store.waitTask(request, options: .default).task)
        } catch let error as TaskwireError where error.code == .notFound {
            context.noteGone()
            return
        } catch {
            // The store is away for now; the body's own calls will show whether it stays away.
            let pause = (error as? TaskwireError)?.retryAfter ?? .milliseconds(500)
            try? await Task.sleep(for: pause)
        }
    }
}

private func settle(_ context: TaskContext, in store: some TaskStore, after failure: (any Error)?)
    async throws
{
    guard !context.task.status.isTerminal else { return }
    do {
        if failure is CancellationError, context.isCancelled {
            context.note(try await store.cancelTask(context.taskID))
        } else if let failure {
            let text = String(describing: failure)
            try await context.fail(
                String(decoding: text.utf8.prefix(TaskLimits.maxTextBytes - 4), as: UTF8.self)
            )
        } else {
            try await context.fail("finished without a result")
        }
    } catch let error as TaskwireError where error.code == .notFound || error.reason == .taskTerminal {
        return
    }
}

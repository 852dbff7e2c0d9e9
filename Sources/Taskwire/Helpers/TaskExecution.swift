internal import FoundationEssentials

/// Claims a task, runs `body` as the work of it, and makes sure that the task ends with it.
///
/// - A body that completes or fails the task through its context has done its part.
/// - An error thrown by the body fails the task with its text and is not thrown on.
/// - A body that returns without either fails the task: "finished without a result".
/// - When the task is cancelled, is asked to be, or ends otherwise, the body is cancelled (Swift cancellation and
///   ``TaskContext/isCancelled``). A body that then stops with `CancellationError` leaves the task `cancelled`.
/// - When the lease is lost, the body is cancelled, too, and the task is left to whoever has it then.
/// - When the Swift task that called is cancelled, so is the body. One that then stops with `CancellationError` gives the
///   task back for another worker where `onLoss` is ``LeaseLossPolicy/release``, and fails it otherwise.
/// - A task that has ended by then is left alone, and that is no error.
///
/// The lease is renewed each third of its time for as long as the body runs.
/// - Parameters:
///   - worker: The worker's name for people, 1 to 256 bytes.
///   - lease: How long the task is held after the last sign of life of this process, 1 s to 10 min.
///   - onLoss: What becomes of the task when this process does not renew the lease in time.
/// - Throws: FAILED_PRECONDITION / LEASE_HELD where another worker has the task, what the store throws when the task is
///   not there (NOT_FOUND) or its end cannot be stored, and `CancellationError` where the Swift task was cancelled
///   before the claim, which leaves the task as it was.
public func withTaskExecution(
    of taskID: String,
    in store: some TaskStore,
    worker: String = defaultWorkerName,
    lease: Duration = .seconds(30),
    onLoss: LeaseLossPolicy = .fail,
    _ body: @escaping @Sendable (TaskContext) async throws -> Void
) async throws {
    // A claim goes through once it has begun; whoever waits for a store that is away can still give up here.
    guard try await !store.getTask(taskID).status.isTerminal else { return }
    try Task.checkCancellation()
    let claimedAt = ContinuousClock.now
    let claim: TaskClaim
    do {
        // A claim whose reply nobody waits for would keep others from the task.
        claim = try await withoutCancellation {
            try await store.claimTask(taskID, worker: worker, lease: lease, onLoss: onLoss)
        }
    } catch let error as TaskwireError where error.reason == .taskTerminal {
        return
    }
    let task: TaskState
    do {
        task = try await store.getTask(taskID, view: .request)
    } catch {
        _ = try? await withoutCancellation {
            try await store.releaseLease(taskID, leaseToken: claim.leaseToken)
        }
        throw error
    }
    let context = TaskContext(task: task, store: store, claim: claim)
    guard !task.status.isTerminal, !context.isLeaseLost else { return }
    let keeper = LeaseKeeper(context: context, store: store, duration: lease, claimedAt: claimedAt)

    // The lease is kept until the end is stored, however long the body takes once it was told to stop.
    let work = Task { try await body(context) }
    let companions = [
        Task {
            await keeper.run()
            if context.isCancelled { work.cancel() }
        },
        Task {
            await waitUntilPointless(context, in: store)
            work.cancel()
        },
    ]
    let result = await withTaskCancellationHandler {
        await work.result
    } onCancel: {
        work.cancel()
    }
    let ending = await Task { try await settle(context, in: store, onLoss: onLoss, after: result) }.result
    for companion in companions {
        companion.cancel()
        await companion.value
    }
    try ending.get()
}

/// The name of a worker that gives none: `HOST:PROCESS-ID`.
public var defaultWorkerName: String {
    let process = ProcessInfo.processInfo
    return "\(process.hostName.prefix(128)):\(process.processIdentifier)"
}

/// Returns when the body should stop.
private func waitUntilPointless(_ context: TaskContext, in store: some TaskStore) async {
    while !Task.isCancelled, !context.isCancelled {
        do {
            let request = WaitTaskRequest(taskID: context.taskID, afterRevision: context.task.revision)
            context.note(try await store.waitTask(request, options: .default).task)
        } catch let error as TaskwireError where error.code == .notFound {
            context.noteLeaseLost()
            return
        } catch {
            // The store is away for now; the body's own calls will show whether it stays away.
            let pause = (error as? TaskwireError)?.retryAfter ?? .milliseconds(500)
            try? await Task.sleep(for: pause)
        }
    }
}

private func settle(
    _ context: TaskContext,
    in store: some TaskStore,
    onLoss: LeaseLossPolicy,
    after result: Result<Void, any Error>
) async throws {
    guard !context.task.status.isTerminal, !context.isLeaseLost else { return }
    do {
        switch result {
        case .success:
            try await context.fail("finished without a result")
        case .failure(is CancellationError) where context.isCancelled:
            // With the token, as the task may be another's by now.
            let request = UpdateTaskRequest(
                taskID: context.taskID,
                status: .cancelled,
                leaseToken: context.leaseToken
            )
            _ = try await store.updateTask(request, options: .default)
        case .failure(is CancellationError) where onLoss == .release:
            _ = try await store.releaseLease(context.taskID, leaseToken: context.leaseToken)
        case .failure(let error):
            // A text on the wire has no NUL.
            let text = String(describing: error).utf8.map { $0 == 0 ? UInt8(ascii: " ") : $0 }
            try await context.fail(
                String(decoding: text.prefix(TaskLimits.maxTextBytes - 4), as: UTF8.self)
            )
        }
    } catch let error as TaskwireError where error.isOutOfHands {
        return
    }
}

extension TaskwireError {
    /// Whether the task is not the caller's to end any more: it is gone, has ended, or is another worker's.
    fileprivate var isOutOfHands: Bool {
        code == .notFound || reason == .taskTerminal || reason == .leaseLost
    }
}

/// A store of tasks: in this process, in a database, or at the other end of a wire.
///
/// All stores obey one contract and throw the same errors: a ``TaskwireError``, or `CancellationError` where
/// the Swift task that called was cancelled. Every mutation is applied once, however often it is retried with
/// the same ``CallOptions/requestID``. Replies carry the task in ``TaskView/basic`` unless a view is asked for.
///
/// Errors that every method may throw: NOT_FOUND / TASK_NOT_FOUND or TASK_EXPIRED (not `createTask`,
/// `listTasks`, `deleteTask`), INVALID_ARGUMENT, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, and from a remote store
/// UNAUTHENTICATED, PERMISSION_DENIED, UNIMPLEMENTED, UNAVAILABLE and INTERNAL.
public protocol TaskStore: Sendable {
    /// Makes a task in `working`, durable before this returns.
    /// - Throws: ALREADY_EXISTS / TASK_EXISTS, RESOURCE_EXHAUSTED / TASK_QUOTA.
    func createTask(_ request: CreateTaskRequest, options: CallOptions) async throws -> TaskState

    /// Returns a snapshot.
    func getTask(_ taskID: String, view: TaskView, options: CallOptions) async throws -> TaskState

    /// Changes any of status, status message, time to live, poll interval and progress.
    /// - Throws: FAILED_PRECONDITION / TASK_TERMINAL or LEASE_LOST, ABORTED / REVISION_MISMATCH.
    func updateTask(_ request: UpdateTaskRequest, options: CallOptions) async throws -> TaskState

    /// Stores a result on a task that has not ended; the last one counts.
    /// - Throws: FAILED_PRECONDITION / TASK_TERMINAL or LEASE_LOST.
    func storeResult(_ request: StoreResultRequest, options: CallOptions) async throws -> TaskState

    /// Stores the result and makes the task `completed`, in one step.
    /// - Throws: FAILED_PRECONDITION / TASK_TERMINAL or LEASE_LOST.
    func completeTask(_ request: CompleteTaskRequest, options: CallOptions) async throws -> TaskState

    /// Stores the error and the status message and makes the task `failed`, in one step.
    /// - Throws: FAILED_PRECONDITION / TASK_TERMINAL or LEASE_LOST.
    func failTask(_ request: FailTaskRequest, options: CallOptions) async throws -> TaskState

    /// Makes the task `cancelled`, or only asks for it.
    /// - Throws: FAILED_PRECONDITION / TASK_TERMINAL in ``CancelMode/immediate`` mode.
    func cancelTask(_ request: CancelTaskRequest, options: CallOptions) async throws -> TaskState

    /// Returns the stored result or error, or that there is none yet.
    func getResult(_ taskID: String, options: CallOptions) async throws -> TaskOutcome

    /// Waits until the task has ended and returns its outcome.
    /// - Throws: DEADLINE_EXCEEDED when the wait ends first.
    func awaitResult(_ request: AwaitResultRequest, options: CallOptions) async throws -> TaskOutcome

    /// Waits until the task's revision is above the given one, the task goes, or the wait ends.
    func waitTask(_ request: WaitTaskRequest, options: CallOptions) async throws -> TaskChange

    /// Returns one page of the owner's tasks in the order of their creation.
    /// - Throws: INVALID_ARGUMENT / INVALID_CURSOR.
    func listTasks(_ request: ListTasksRequest, options: CallOptions) async throws -> TaskPage

    /// Removes a task and returns whether it was there.
    func deleteTask(_ taskID: String, options: CallOptions) async throws -> Bool

    /// Takes the task's lease. From then on updates, results, errors, messages and questions are refused with
    /// LEASE_LOST unless they carry its token; cancellation, answers and the taking of messages need none.
    /// - Throws: FAILED_PRECONDITION / LEASE_HELD or TASK_TERMINAL.
    func claimTask(_ request: ClaimTaskRequest, options: CallOptions) async throws -> TaskClaim

    /// Lets a lease last longer. That is no change of the task: it wakes nobody and counts no revision.
    /// - Throws: FAILED_PRECONDITION / LEASE_LOST, with the task as it is now.
    func renewLease(_ request: RenewLeaseRequest, options: CallOptions) async throws -> TaskState

    /// Gives a lease back, after which anybody may claim the task.
    /// - Throws: FAILED_PRECONDITION / LEASE_LOST, with the task as it is now.
    func releaseLease(_ request: ReleaseLeaseRequest, options: CallOptions) async throws -> TaskState

    /// Appends a request or a notification to the task's queue.
    /// - Throws: FAILED_PRECONDITION / TASK_TERMINAL or LEASE_LOST, RESOURCE_EXHAUSTED / QUEUE_FULL,
    ///   ALREADY_EXISTS / INPUT_KEY_USED.
    func enqueueMessage(_ request: EnqueueMessageRequest, options: CallOptions) async throws -> TaskState

    /// Takes the oldest message out of the task's queue. After the task's end only notifications are left in it. That
    /// the queue was empty is not remembered: a retry looks again.
    /// - Throws: ABORTED / DELIVERY_FORGOTTEN where a retry comes so late that the message is not kept any more.
    func dequeueMessage(_ taskID: String, options: CallOptions) async throws -> MessageDelivery

    /// Returns the oldest message of the task's queue and leaves it there.
    func peekMessage(_ taskID: String, options: CallOptions) async throws -> MessageDelivery

    /// Takes all messages out of the task's queue.
    /// - Throws: ABORTED / DELIVERY_FORGOTTEN where a retry comes so late that the messages are not kept any more.
    func clearMessages(_ taskID: String, options: CallOptions) async throws -> ClearedMessages

    /// Waits until there is a message in the task's queue, and returns the oldest, which stays there.
    /// - Throws: DEADLINE_EXCEEDED when the wait ends first, FAILED_PRECONDITION / TASK_TERMINAL when the task has
    ///   ended and there is none.
    func waitMessage(_ request: WaitMessageRequest, options: CallOptions) async throws -> MessageDelivery

    /// Asks for input. The question is also a message of the task's queue, until somebody takes or answers it. The task
    /// is `input_required` until all its questions are answered, and then `working` by itself.
    /// - Throws: ALREADY_EXISTS / INPUT_KEY_USED, FAILED_PRECONDITION / TASK_TERMINAL or LEASE_LOST,
    ///   RESOURCE_EXHAUSTED / QUEUE_FULL.
    func requestInput(_ request: RequestInputRequest, options: CallOptions) async throws -> TaskState

    /// Answers questions by their keys.
    /// - Throws: FAILED_PRECONDITION / TASK_TERMINAL, RESOURCE_EXHAUSTED / TOO_LARGE.
    func provideInput(_ request: ProvideInputRequest, options: CallOptions) async throws -> InputReceipt

    /// Waits until a question is answered, by whomever and in whatever process.
    /// - Throws: INVALID_ARGUMENT / INVALID_FIELD where nothing was asked under that key, DEADLINE_EXCEEDED when the
    ///   wait ends first, FAILED_PRECONDITION / TASK_TERMINAL when the task has ended without the answer.
    func awaitInput(_ request: AwaitInputRequest, options: CallOptions) async throws -> InputAnswer
}

extension TaskStore {
    /// Makes a task in `working`. Parameters as in ``CreateTaskRequest``.
    public func createTask(
        id taskID: String? = nil,
        ttl: Duration? = nil,
        pollInterval: Duration? = nil,
        labels: [String: String] = [:],
        request: Payload? = nil,
        options: CallOptions = .default
    ) async throws -> TaskState {
        let request = CreateTaskRequest(
            taskID: taskID,
            ttl: ttl,
            pollInterval: pollInterval,
            labels: labels,
            request: request
        )
        return try await createTask(request, options: options)
    }

    /// Returns a snapshot without payloads.
    public func getTask(_ taskID: String) async throws -> TaskState {
        try await getTask(taskID, view: .basic, options: .default)
    }

    /// Returns a snapshot.
    public func getTask(_ taskID: String, view: TaskView) async throws -> TaskState {
        try await getTask(taskID, view: view, options: .default)
    }

    /// Changes status, status message or progress. Parameters as in ``UpdateTaskRequest``.
    public func updateTask(
        _ taskID: String,
        status: TaskStatus? = nil,
        statusMessage: String? = nil,
        progress: TaskProgress? = nil,
        leaseToken: [UInt8] = [],
        options: CallOptions = .default
    ) async throws -> TaskState {
        let request = UpdateTaskRequest(
            taskID: taskID,
            status: status,
            statusMessage: statusMessage,
            progress: progress,
            leaseToken: leaseToken
        )
        return try await updateTask(request, options: options)
    }

    /// Stores a result on a task that has not ended.
    public func storeResult(
        _ result: Payload,
        for taskID: String,
        leaseToken: [UInt8] = [],
        options: CallOptions = .default
    ) async throws -> TaskState {
        try await storeResult(
            StoreResultRequest(taskID: taskID, result: result, leaseToken: leaseToken),
            options: options
        )
    }

    /// Completes a task with `result`.
    public func completeTask(
        _ taskID: String,
        result: Payload,
        leaseToken: [UInt8] = [],
        options: CallOptions = .default
    ) async throws -> TaskState {
        try await completeTask(
            CompleteTaskRequest(taskID: taskID, result: result, leaseToken: leaseToken),
            options: options
        )
    }

    /// Fails a task with `error`.
    public func failTask(
        _ taskID: String,
        error: TaskError,
        leaseToken: [UInt8] = [],
        options: CallOptions = .default
    ) async throws -> TaskState {
        try await failTask(
            FailTaskRequest(taskID: taskID, error: error, leaseToken: leaseToken),
            options: options
        )
    }

    /// Cancels a task at once, or asks its worker to stop.
    public func cancelTask(
        _ taskID: String,
        mode: CancelMode = .immediate,
        options: CallOptions = .default
    ) async throws -> TaskState {
        try await cancelTask(CancelTaskRequest(taskID: taskID, mode: mode), options: options)
    }

    /// Returns the stored result or error, or that there is none yet.
    public func getResult(_ taskID: String) async throws -> TaskOutcome {
        try await getResult(taskID, options: .default)
    }

    /// Returns one page of tasks.
    public func listTasks(_ request: ListTasksRequest = ListTasksRequest()) async throws -> TaskPage {
        try await listTasks(request, options: .default)
    }

    /// Removes a task and returns whether it was there.
    public func deleteTask(_ taskID: String) async throws -> Bool {
        try await deleteTask(taskID, options: .default)
    }
}

extension TaskStore {
    /// Waits until the task has ended, call after call, and returns its outcome.
    /// - Parameter timeout: How long to wait in all; `nil`: for ever.
    /// - Throws: DEADLINE_EXCEEDED when the time is over first.
    public func waitForResult(_ taskID: String, timeout: Duration? = nil) async throws -> TaskOutcome {
        try await untilInTime(timeout) { wait in
            try await awaitResult(AwaitResultRequest(taskID: taskID, wait: wait), options: .default)
        }
    }
}

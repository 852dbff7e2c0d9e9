/// A read of one task, which is checked and can be carried out.
package struct TaskRead<Output: Sendable>: Sendable {
    /// The task.
    package let taskID: String
    /// Makes what the read returns of the record.
    package let output: @Sendable (TaskRecord) throws(TaskwireError) -> Output
}

/// A mutation of one task, which is checked and can be carried out.
package struct TaskMutation<Output: Sendable>: Sendable {
    /// The change.
    package let step: MutationStep
    /// Makes what the mutation returns of what it did.
    package let output: @Sendable (MutationResult) -> Output
    /// The output where there is no such task; nil where that is an error.
    package var outputWhereAbsent: Output?

    init(
        _ step: MutationStep,
        outputWhereAbsent: Output? = nil,
        output: @escaping @Sendable (MutationResult) -> Output
    ) {
        self.step = step
        self.outputWhereAbsent = outputWhereAbsent
        self.output = output
    }
}

/// The change that a mutation makes to a record, atomically and once.
package struct MutationStep: Sendable {
    /// The rules: applied to a record as it is at the time, `nil` where there is none, with the number of tasks that its owner
    /// has. A product of `nil` means that there was nothing to do, and is not remembered. Pure: it may run more than once.
    typealias Body =
        @Sendable (inout TaskRecord?, TaskInstant, _ ownerTaskCount: Int) throws(TaskwireError) ->
        MutationProduct?

    let taskID: String
    let mutation: Mutation
    /// The end of the caller's patience.
    let deadline: ContinuousClock.Instant?
    /// True if it adds a task, for which there may have to be made room.
    var isCreation = false
    /// True if its holder loses the task where it has to wait.
    var isUrgent = false
    let body: Body
}

/// The result of a mutation.
package struct MutationResult: Sendable {
    /// The task without its payloads.
    package var task: TaskState
    /// The rest of what it made.
    package var product: MutationProduct
    /// The messages that it took.
    package var messages: [TaskMessage]
}

/// A store that carries out calls at once where it can.
///
/// Each operation of ``TaskStore`` is here as a value, which the caller has carried out: now, or by a Swift task.
package protocol ServedTaskStore: TaskStore {
    /// The record of a task that is there; `nil` where the storage has to be waited for.
    /// - Throws: INVALID_ARGUMENT, NOT_FOUND / TASK_NOT_FOUND or TASK_EXPIRED.
    func recordNow(_ taskID: String) throws(TaskwireError) -> TaskRecord?

    /// The record of a task that is there.
    /// - Throws: as ``recordNow(_:)``, and what the storage throws.
    func record(_ taskID: String) async throws -> TaskRecord

    /// Carries out a mutation; `nil` where the storage has to be waited for, and nothing was done.
    /// - Throws: The refusal.
    func resultNow(of step: MutationStep) throws(TaskwireError) -> MutationResult?

    /// Carries out a mutation.
    /// - Throws: The refusal, or what the storage throws.
    func result(of step: MutationStep) async throws -> MutationResult

    /// ``TaskStore/getTask(_:view:options:)``.
    func getTask(_ taskID: String, view: TaskView) -> TaskRead<TaskState>
    /// ``TaskStore/getResult(_:options:)``.
    func getResult(_ taskID: String) -> TaskRead<TaskOutcome>
    /// ``TaskStore/peekMessage(_:options:)``.
    func peekMessage(_ taskID: String) -> TaskRead<MessageDelivery>

    /// ``TaskStore/createTask(_:options:)``.
    func create(_ request: CreateTaskRequest, _ options: CallOptions) throws(TaskwireError)
        -> TaskMutation<TaskState>
    /// ``TaskStore/updateTask(_:options:)``.
    func update(_ request: UpdateTaskRequest, _ options: CallOptions) throws(TaskwireError)
        -> TaskMutation<TaskState>
    /// ``TaskStore/storeResult(_:options:)``.
    func storeResult(_ request: StoreResultRequest, _ options: CallOptions) throws(TaskwireError)
        -> TaskMutation<TaskState>
    /// ``TaskStore/completeTask(_:options:)``.
    func complete(_ request: CompleteTaskRequest, _ options: CallOptions) throws(TaskwireError)
        -> TaskMutation<TaskState>
    /// ``TaskStore/failTask(_:options:)``.
    func fail(_ request: FailTaskRequest, _ options: CallOptions) throws(TaskwireError)
        -> TaskMutation<TaskState>
    /// ``TaskStore/cancelTask(_:options:)``.
    func cancel(_ request: CancelTaskRequest, _ options: CallOptions) throws(TaskwireError)
        -> TaskMutation<TaskState>
    /// ``TaskStore/deleteTask(_:options:)``.
    func delete(_ taskID: String, _ options: CallOptions) throws(TaskwireError) -> TaskMutation<Bool>
    /// ``TaskStore/claimTask(_:options:)``.
    func claim(_ request: ClaimTaskRequest, _ options: CallOptions) throws(TaskwireError)
        -> TaskMutation<TaskClaim>
    /// ``TaskStore/renewLease(_:options:)``.
    func renew(_ request: RenewLeaseRequest, _ options: CallOptions) throws(TaskwireError)
        -> TaskMutation<TaskState>
    /// ``TaskStore/releaseLease(_:options:)``.
    func release(_ request: ReleaseLeaseRequest, _ options: CallOptions) throws(TaskwireError)
        -> TaskMutation<TaskState>
    /// ``TaskStore/enqueueMessage(_:options:)``.
    func enqueue(_ request: EnqueueMessageRequest, _ options: CallOptions) throws(TaskwireError)
        -> TaskMutation<TaskState>
    /// ``TaskStore/dequeueMessage(_:options:)``.
    func dequeue(_ taskID: String, _ options: CallOptions) throws(TaskwireError)
        -> TaskMutation<MessageDelivery>
    /// ``TaskStore/clearMessages(_:options:)``.
    func clearMessages(_ taskID: String, _ options: CallOptions) throws(TaskwireError)
        -> TaskMutation<ClearedMessages>
    /// ``TaskStore/requestInput(_:options:)``.
    func requestInput(_ request: RequestInputRequest, _ options: CallOptions) throws(TaskwireError)
        -> TaskMutation<TaskState>
    /// ``TaskStore/provideInput(_:options:)``.
    func provideInput(_ request: ProvideInputRequest, _ options: CallOptions) throws(TaskwireError)
        -> TaskMutation<InputReceipt>

    /// Begins ``TaskStore/waitTask(_:options:)``.
    func beginWaitTask(_ request: WaitTaskRequest, options: CallOptions) async throws -> TaskWait<TaskChange>
    /// Begins ``TaskStore/awaitResult(_:options:)``.
    func beginAwaitResult(
        _ request: AwaitResultRequest,
        options: CallOptions
    ) async throws -> TaskWait<TaskOutcome>
    /// Begins ``TaskStore/waitMessage(_:options:)``.
    func beginWaitMessage(
        _ request: WaitMessageRequest,
        options: CallOptions
    ) async throws -> TaskWait<MessageDelivery>
    /// Begins ``TaskStore/awaitInput(_:options:)``.
    func beginAwaitInput(
        _ request: AwaitInputRequest,
        options: CallOptions
    ) async throws -> TaskWait<InputAnswer>
}

extension ServedTaskStore {
    /// Carries out a read; `nil` where the storage has to be waited for.
    /// - Throws: as ``recordNow(_:)``.
    package func outputNow<Output>(of read: TaskRead<Output>) throws(TaskwireError) -> Output? {
        guard let record = try recordNow(read.taskID) else { return nil }
        return try read.output(record)
    }

    /// Carries out a read.
    /// - Throws: as ``record(_:)``.
    package func output<Output>(of read: TaskRead<Output>) async throws -> Output {
        if let output = try outputNow(of: read) { return output }
        return try read.output(try await record(read.taskID))
    }

    /// Carries out a mutation; `nil` where the storage has to be waited for, and nothing was done.
    /// - Throws: as ``resultNow(of:)``.
    package func outputNow<Output>(of mutation: TaskMutation<Output>) throws(TaskwireError) -> Output? {
        do throws(TaskwireError) {
            return try resultNow(of: mutation.step).map(mutation.output)
        } catch {
            guard let output = mutation.outputWhereAbsent, error.code == .notFound else { throw error }
            return output
        }
    }

    /// Carries out a mutation.
    /// - Throws: as ``result(of:)``.
    package func output<Output>(of mutation: TaskMutation<Output>) async throws -> Output {
        if let output = try outputNow(of: mutation) { return output }
        do {
            return mutation.output(try await result(of: mutation.step))
        } catch let error as TaskwireError where error.code == .notFound {
            guard let output = mutation.outputWhereAbsent else { throw error }
            return output
        }
    }
}

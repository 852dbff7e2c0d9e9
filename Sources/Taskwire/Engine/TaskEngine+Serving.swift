internal import Synchronization

extension TaskEngine: ServedTaskStore {
    // MARK: Reads

    package func getTask(_ taskID: String, view: TaskView) -> TaskRead<TaskState> {
        TaskRead(taskID: taskID) { $0.viewed(as: view) }
    }

    package func getResult(_ taskID: String) -> TaskRead<TaskOutcome> {
        TaskRead(taskID: taskID) { TaskOutcome(of: $0.state) }
    }

    package func peekMessage(_ taskID: String) -> TaskRead<MessageDelivery> {
        TaskRead(taskID: taskID) { MessageDelivery(task: $0.viewed(as: .basic), message: $0.queue.first) }
    }

    package func recordNow(_ taskID: String) throws(TaskwireError) -> TaskRecord? {
        try TaskID.validate(taskID)
        guard case .now(let stored) = core.storage.readNow(TaskKey(owner: owner, id: taskID)) else {
            return nil
        }
        guard let stored else { throw Self.notFound(taskID, nil) }
        let now = core.now
        guard !core.isCurrent(stored, at: now) else {
            guard stored.isLive else { throw Self.notFound(taskID, stored) }
            return stored
        }
        let record = core.settled(stored, at: now)
        // What time has made of it is stored before it is shown.
        guard let record, record.state.revision == stored.state.revision else { return nil }
        guard record.isLive else { throw Self.notFound(taskID, record) }
        return record
    }

    package func record(_ taskID: String) async throws -> TaskRecord {
        try TaskID.validate(taskID)
        let stored = try await core.storage.read(TaskKey(owner: owner, id: taskID))
        let record: TaskRecord? = if let stored { await core.shown(stored) } else { nil }
        guard let record, record.isLive else { throw Self.notFound(taskID, record) }
        return record
    }

    // MARK: Mutations

    package func resultNow(of step: MutationStep) throws(TaskwireError) -> MutationResult? {
        if step.isCreation, isSweepDue { return nil }
        let key = TaskKey(owner: owner, id: step.taskID)
        var attempt: Attempt?
        let isDone = core.storage.mutateNow(key) { record, ownerTaskCount in
            attempt = core.attempt(step, &record, ownerTaskCount)
        }
        guard isDone, let attempt else { return nil }
        if attempt.isNotable { core.waiters.wake(key) }
        core.tell(attempt.elapsed)
        switch attempt.outcome {
        case .success(let result): return result
        // Tasks whose time is over count until the sweeper has been there, which may have to be waited for.
        case .failure(let error) where step.isCreation && error.reason == .taskQuota: return nil
        case .failure(let error): throw error
        }
    }

    package func result(of step: MutationStep) async throws -> MutationResult {
        guard step.isCreation else { return try await resultOnce(of: step) }
        await sweepIfDue()
        do {
            return try await resultOnce(of: step)
        } catch let error as TaskwireError where error.reason == .taskQuota {
            guard await sweepBacklog() else { throw error }
            return try await resultOnce(of: step)
        }
    }

    private func resultOnce(of step: MutationStep) async throws -> MutationResult {
        let key = TaskKey(owner: owner, id: step.taskID)
        let core = core
        let attempt = try await core.storage.mutate(key) { record, ownerTaskCount in
            core.attempt(step, &record, ownerTaskCount)
        }
        if attempt.isNotable { core.waiters.wake(key) }
        core.tell(attempt.elapsed)
        return try attempt.outcome.get()
    }

    /// The end of one attempt to carry out a mutation.
    struct Attempt: Sendable {
        var outcome: Result<MutationResult, TaskwireError>
        /// True if those who wait for the task have to look again.
        var isNotable: Bool
        /// What time has changed.
        var elapsed: [ElapsedChange] = []
    }
}

extension TaskEngine.Core {
    /// Carries out a mutation on a record, once: a retry gets the outcome of the first try.
    func attempt(
        _ step: MutationStep,
        _ record: inout TaskRecord?,
        _ ownerTaskCount: Int
    ) -> TaskEngine.Attempt {
        if let deadline = step.deadline, deadline <= .now {
            let error = TaskwireError(
                .deadlineExceeded,
                .deadlineExceeded,
                "The call's time was over before its turn came; nothing was changed"
            )
            return TaskEngine.Attempt(outcome: .failure(error), isNotable: false)
        }
        let now = now
        let stored = record
        var elapsed: [ElapsedChange] = []
        if let stored, !isCurrent(stored, at: now) { elapsed = settle(&record, at: now) }
        // What time has made of the task and a refusal may show has to stay so, as with a read.
        let kept = record?.state.revision == stored?.state.revision ? stored : record
        let outcome: Result<MutationResult, TaskwireError>
        do throws(TaskwireError) {
            outcome = .success(try apply(step, to: &record, at: now, ownerTaskCount, &elapsed))
        } catch {
            record = kept
            outcome = .failure(error)
        }
        return TaskEngine.Attempt(
            outcome: outcome,
            isNotable: record?.isNotable(after: stored) ?? true,
            elapsed: elapsed
        )
    }

    /// Carries out a mutation on a record that is as it is at `now`, unless that was done before: then it returns the outcome
    /// of the first try.
    private func apply(
        _ step: MutationStep,
        to record: inout TaskRecord?,
        at now: TaskInstant,
        _ ownerTaskCount: Int,
        _ elapsed: inout [ElapsedChange]
    ) throws(TaskwireError) -> MutationResult {
        let time = MutationTime(now.steady)
        if let record, let past = try record.mutations.outcome(of: step.mutation, at: time, memory) {
            return MutationResult(
                task: past.state(underKeyOf: record.state),
                product: past.product,
                messages: try Self.messages(past.product, of: step.mutation, in: record)
            )
        }
        let product = try step.body(&record, now, ownerTaskCount)
        guard var changed = record.take() else { throw TaskEngine<Storage, Clock>.notFound(step.taskID, nil) }
        try checkRoom(for: step, in: changed, at: time)
        // A shortened time to live may be over at once.
        var isKept = true
        if !isCurrent(changed, at: now) {
            let before = changed
            isKept = changed.settle(at: now, tombstoneMilliseconds: limits.tombstoneMilliseconds)
            elapsed += ElapsedChange.all(from: before, to: isKept ? changed : nil)
        }
        let shown = changed.state.viewed(as: .basic)
        if let product {
            changed.mutations.remember(
                step.mutation,
                outcome: MutationOutcome(state: shown.basics, product: product),
                at: time,
                memory
            )
        }
        changed.forgetDeliveries(at: time, memory)
        let messages = changed.delivery(to: step.mutation.requestID) ?? []
        if isKept { record = changed }
        return MutationResult(task: shown, product: product ?? .none, messages: messages)
    }

    /// Refuses a mutation where a task would have to forget one that may still be repeated.
    /// - Throws: RESOURCE_EXHAUSTED / TOO_MANY_REQUESTS with the time after which there is room.
    private func checkRoom(
        for step: MutationStep,
        in record: TaskRecord,
        at time: MutationTime
    ) throws(TaskwireError) {
        let isUrgent = step.isUrgent || record.state.status.isTerminal || !record.isLive
        let limit = isUrgent ? MutationMemory.maxUrgentByteCount : MutationMemory.maxByteCount
        guard let seconds = record.mutations.pause(at: time, memory, maxByteCount: limit) else { return }
        throw TaskwireError(
            .resourceExhausted,
            .tooManyRequests,
            "Task \(record.state.id) is changed too often: each change is remembered for \(limits.deduplicationMilliseconds) ms, "
                + "and there is room for \(limit) bytes of them",
            retryAfter: .seconds(seconds)
        )
    }

    /// The messages that a call took when it was made for the first time.
    /// - Throws: ABORTED / DELIVERY_FORGOTTEN where they are not kept any more. They are not given to anybody else.
    private static func messages(
        _ product: MutationProduct,
        of mutation: Mutation,
        in record: TaskRecord
    ) throws(TaskwireError) -> [TaskMessage] {
        guard product == .delivery else { return [] }
        guard let messages = record.delivery(to: mutation.requestID) else {
            throw TaskwireError(
                .aborted,
                .deliveryForgotten,
                "What the call took when it was first made is not kept any more",
                task: record.isLive ? record.state.viewed(as: .basic) : nil
            )
        }
        return messages
    }
}

// The mutations as values; see ``ServedTaskStore``.
extension TaskEngine {
    package func create(
        _ request: CreateTaskRequest,
        _ options: CallOptions
    ) throws(TaskwireError) -> TaskMutation<TaskState> {
        let requestID = options.requestID ?? .random()
        let taskID = request.taskID ?? TaskID.derived(owner: owner, requestID: requestID)
        try TaskRules.labels(request.labels)
        try TaskRules.payload(request.request, field: "request")
        try TaskRules.text(request.statusMessage, field: "status_message")
        try TaskRules.text(request.immediateResponse, field: "immediate_response")
        let ttl = try core.limits.ttl(request.ttlMilliseconds)
        let pollInterval = try core.limits.pollInterval(request.pollIntervalMilliseconds)
        let mutation = Mutation("CreateTask", requestID: requestID) {
            $0.feed(request.taskID)
            $0.feed(request.ttlMilliseconds)
            $0.feed(request.pollIntervalMilliseconds)
            $0.feed(request.labels)
            $0.feed(request.request)
            $0.feed(request.immediateResponse)
            $0.feed(request.statusMessage)
        }
        let maxTasks = core.limits.maxTasksPerOwner
        let owner = owner
        let labels = core.labels.list(of: request.labels)
        var step = try step(taskID, mutation, options) { record, now, count throws(TaskwireError) in
            if let record, record.isLive {
                throw TaskwireError(
                    .alreadyExists,
                    .taskExists,
                    "Task \(taskID) exists already",
                    task: record.state.viewed(as: .basic)
                )
            }
            guard count < maxTasks else {
                throw TaskwireError(
                    .resourceExhausted,
                    .taskQuota,
                    "There are \(count) tasks, as many as one owner may have"
                )
            }
            var state = TaskState(
                id: taskID,
                owner: owner,
                statusMessage: request.statusMessage,
                createdAt: now.wall,
                ttlMilliseconds: ttl,
                pollIntervalMilliseconds: pollInterval ?? TaskState.defaultPollIntervalMilliseconds,
                revision: (record?.state.revision ?? 0) + 1,
                request: request.request,
                immediateResponse: request.immediateResponse
            )
            if !labels.labels.isEmpty { state.labelList = labels }
            var created = TaskRecord(state: state)
            created.createdLead = now.lead
            created.updatedLead = now.lead
            created.mutations = record?.mutations ?? MutationLog()
            created.deliveries = record?.deliveries ?? []
            record = created
            return MutationProduct.none
        }
        step.isCreation = true
        return TaskMutation(step) { $0.task }
    }

    package func update(
        _ request: UpdateTaskRequest,
        _ options: CallOptions
    ) throws(TaskwireError) -> TaskMutation<TaskState> {
        try TaskRules.progress(request.progress)
        try TaskRules.text(request.statusMessage, field: "status_message")
        let ttl = try core.limits.ttl(request.ttlMilliseconds)
        let pollInterval = try core.limits.pollInterval(request.pollIntervalMilliseconds)
        let mutation = Mutation("UpdateTask", requestID: options.requestID) {
            $0.feed(request.leaseToken)
            $0.feed(request.status?.rawValue)
            $0.feed(request.statusMessage)
            $0.feed(request.ttlMilliseconds)
            $0.feed(request.pollIntervalMilliseconds)
            $0.feed(request.progress) {
                $0.feed($1.current.bitPattern)
                $0.feed($1.total) { $0.feed($1.bitPattern) }
            }
            $0.feed(request.expectedRevision) { $0.feed($1) }
        }
        return try change(request.taskID, mutation, options) { record, now throws(TaskwireError) in
            if let expected = request.expectedRevision, expected != record.state.revision {
                throw TaskwireError(
                    .aborted,
                    .revisionMismatch,
                    "expected_revision: \(expected), but the task is at \(record.state.revision)",
                    task: record.state.viewed(as: .basic)
                )
            }
            let isTransition = request.status.map { $0 != record.state.status } ?? false
            if isTransition || ttl != nil || pollInterval != nil || request.progress != nil {
                try TaskRules.open(record.state)
            }
            try TaskRules.lease(record, token: request.leaseToken)
            record.state.statusMessage = request.statusMessage ?? record.state.statusMessage
            record.state.ttlMilliseconds = ttl ?? record.state.ttlMilliseconds
            record.state.pollIntervalMilliseconds = pollInterval ?? record.state.pollIntervalMilliseconds
            record.state.progress = request.progress ?? record.state.progress
            guard isTransition, let status = request.status else { return }
            if status.isTerminal {
                let error = TaskError(message: request.statusMessage ?? "The task failed.")
                record.end(as: status, error: status == .failed ? error : nil, at: now)
            } else {
                record.state.status = status
            }
        }
    }

    package func storeResult(
        _ request: StoreResultRequest,
        _ options: CallOptions
    ) throws(TaskwireError) -> TaskMutation<TaskState> {
        try TaskRules.payload(request.result, field: "result")
        let mutation = Mutation("StoreResult", requestID: options.requestID) {
            $0.feed(request.leaseToken)
            $0.feed(request.result)
        }
        return try change(request.taskID, mutation, options) { record, _ throws(TaskwireError) in
            try TaskRules.open(record.state)
            try TaskRules.lease(record, token: request.leaseToken)
            record.state.result = request.result
        }
    }

    package func complete(
        _ request: CompleteTaskRequest,
        _ options: CallOptions
    ) throws(TaskwireError) -> TaskMutation<TaskState> {
        try TaskRules.payload(request.result, field: "result")
        let mutation = Mutation("CompleteTask", requestID: options.requestID) {
            $0.feed(request.leaseToken)
            $0.feed(request.result)
        }
        return try change(request.taskID, mutation, options) { record, now throws(TaskwireError) in
            try TaskRules.open(record.state)
            try TaskRules.lease(record, token: request.leaseToken)
            guard let result = request.result ?? record.state.result else {
                throw .invalidField("result", "required, since none was stored before")
            }
            record.state.result = result
            record.end(as: .completed, error: nil, at: now)
        }
    }

    package func fail(
        _ request: FailTaskRequest,
        _ options: CallOptions
    ) throws(TaskwireError) -> TaskMutation<TaskState> {
        try TaskRules.text(request.error.message, field: "error.message")
        try TaskRules.text(request.statusMessage, field: "status_message")
        let mutation = Mutation("FailTask", requestID: options.requestID) {
            $0.feed(request.leaseToken)
            $0.feed(Int64(request.error.code))
            $0.feed(request.error.message)
            $0.feed(request.error.data) { $0.feed($1) }
            $0.feed(request.statusMessage)
        }
        return try change(request.taskID, mutation, options) { record, now throws(TaskwireError) in
            try TaskRules.open(record.state)
            try TaskRules.lease(record, token: request.leaseToken)
            record.state.statusMessage = request.statusMessage ?? request.error.message
            record.end(as: .failed, error: request.error, at: now)
        }
    }

    package func cancel(
        _ request: CancelTaskRequest,
        _ options: CallOptions
    ) throws(TaskwireError) -> TaskMutation<TaskState> {
        try TaskRules.text(request.statusMessage, field: "status_message")
        let mutation = Mutation("CancelTask", requestID: options.requestID) {
            $0.feed(request.mode == .immediate ? "immediate" : "request")
            $0.feed(request.statusMessage)
        }
        return try change(request.taskID, mutation, options) { record, now throws(TaskwireError) in
            if request.mode == .request, record.state.status.isTerminal { return }
            try TaskRules.cancellable(record.state)
            record.state.isCancelRequested = true
            record.state.statusMessage = request.statusMessage ?? record.state.statusMessage
            if request.mode == .immediate {
                record.end(as: .cancelled, error: nil, at: now)
            }
        }
    }

    package func delete(
        _ taskID: String,
        _ options: CallOptions
    ) throws(TaskwireError) -> TaskMutation<Bool> {
        let mutation = Mutation("DeleteTask", requestID: options.requestID) { _ in }
        let tombstoneMilliseconds = core.limits.tombstoneMilliseconds
        let step = try step(taskID, mutation, options) { record, now, _ throws(TaskwireError) in
            guard record?.isLive == true else { throw Self.notFound(taskID, record) }
            record?.bury(at: now, isExpired: false, tombstoneMilliseconds: tombstoneMilliseconds)
            return MutationProduct.none
        }
        return TaskMutation(step, outputWhereAbsent: false) { _ in true }
    }

    /// The mutation that changes a task which has to be there, and returns it. The revision counts where something changed.
    func change(
        _ taskID: String,
        _ mutation: Mutation,
        _ options: CallOptions,
        isUrgent: Bool = false,
        _ body: @escaping @Sendable (inout TaskRecord, TaskInstant) throws(TaskwireError) -> Void
    ) throws(TaskwireError) -> TaskMutation<TaskState> {
        var step = try changeStep(taskID, mutation, options) { record, now throws(TaskwireError) in
            try body(&record, now)
            return MutationProduct.none
        }
        step.isUrgent = isUrgent
        return TaskMutation(step) { $0.task }
    }

    /// The same for a mutation that has a product.
    func changeStep(
        _ taskID: String,
        _ mutation: Mutation,
        _ options: CallOptions,
        _ body: @escaping @Sendable (inout TaskRecord, TaskInstant) throws(TaskwireError) -> MutationProduct?
    ) throws(TaskwireError) -> MutationStep {
        try step(taskID, mutation, options) { optional, now, _ throws(TaskwireError) in
            guard let before = optional, before.isLive, var record = optional.take() else {
                throw Self.notFound(taskID, optional)
            }
            let product = try body(&record, now)
            if record.isVisiblyDifferent(from: before) { record.touch(at: now) }
            optional = record
            return product
        }
    }

    private func step(
        _ taskID: String,
        _ mutation: Mutation,
        _ options: CallOptions,
        _ body: @escaping MutationStep.Body
    ) throws(TaskwireError) -> MutationStep {
        try TaskID.validate(taskID)
        return MutationStep(taskID: taskID, mutation: mutation, deadline: options.deadline, body: body)
    }
}

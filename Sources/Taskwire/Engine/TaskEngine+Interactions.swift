extension TaskEngine {
    // MARK: Messages

    /// See ``TaskStore/enqueueMessage(_:options:)``.
    public func enqueueMessage(
        _ request: EnqueueMessageRequest,
        options: CallOptions
    ) async throws -> TaskState {
        try await output(of: enqueue(request, options))
    }

    /// See ``TaskStore/dequeueMessage(_:options:)``.
    public func dequeueMessage(_ taskID: String, options: CallOptions) async throws -> MessageDelivery {
        try await output(of: dequeue(taskID, options))
    }

    /// See ``TaskStore/peekMessage(_:options:)``.
    public func peekMessage(_ taskID: String, options: CallOptions) async throws -> MessageDelivery {
        try await output(of: peekMessage(taskID))
    }

    /// See ``TaskStore/clearMessages(_:options:)``.
    public func clearMessages(_ taskID: String, options: CallOptions) async throws -> ClearedMessages {
        try await output(of: clearMessages(taskID, options))
    }

    package func enqueue(
        _ request: EnqueueMessageRequest,
        _ options: CallOptions
    ) throws(TaskwireError) -> TaskMutation<TaskState> {
        try TaskRules.key(request.key, kind: request.kind)
        try TaskRules.payload(request.payload, field: "payload")
        let mutation = Mutation("EnqueueMessage", requestID: options.requestID) {
            $0.feed(request.leaseToken)
            $0.feed(request.kind == .request ? "request" : "notification")
            $0.feed(request.key)
            $0.feed(request.payload)
        }
        return try add(request, mutation, options)
    }

    package func dequeue(
        _ taskID: String,
        _ options: CallOptions
    ) throws(TaskwireError) -> TaskMutation<MessageDelivery> {
        TaskMutation(try takeMessages("DequeueMessage", of: taskID, limit: 1, options)) {
            MessageDelivery(task: $0.task, message: $0.messages.first)
        }
    }

    package func clearMessages(
        _ taskID: String,
        _ options: CallOptions
    ) throws(TaskwireError) -> TaskMutation<ClearedMessages> {
        TaskMutation(try takeMessages("ClearMessages", of: taskID, limit: .max, options)) {
            ClearedMessages(task: $0.task, messages: $0.messages)
        }
    }

    private func takeMessages(
        _ operation: String,
        of taskID: String,
        limit: Int,
        _ options: CallOptions
    ) throws(TaskwireError) -> MutationStep {
        let mutation = Mutation(operation, requestID: options.requestID) { _ in }
        let limits = core.limits
        return try changeStep(taskID, mutation, options) { record, _ throws(TaskwireError) in
            let count = record.takeMessages(limit, by: mutation.requestID, limits: limits)
            return count == 0 ? nil : .delivery
        }
    }

    // MARK: Input

    /// See ``TaskStore/requestInput(_:options:)``.
    public func requestInput(_ request: RequestInputRequest, options: CallOptions) async throws -> TaskState {
        try await output(of: requestInput(request, options))
    }

    /// See ``TaskStore/provideInput(_:options:)``.
    public func provideInput(
        _ request: ProvideInputRequest,
        options: CallOptions
    ) async throws -> InputReceipt {
        try await output(of: provideInput(request, options))
    }

    package func requestInput(
        _ request: RequestInputRequest,
        _ options: CallOptions
    ) throws(TaskwireError) -> TaskMutation<TaskState> {
        try TaskRules.key(request.key, kind: .request)
        try TaskRules.payload(request.payload, field: "payload")
        let mutation = Mutation("RequestInput", requestID: options.requestID) {
            $0.feed(request.leaseToken)
            $0.feed(request.key)
            $0.feed(request.payload)
        }
        let message = EnqueueMessageRequest(
            taskID: request.taskID,
            kind: .request,
            key: request.key,
            payload: request.payload,
            leaseToken: request.leaseToken
        )
        return try add(message, mutation, options)
    }

    package func provideInput(
        _ request: ProvideInputRequest,
        _ options: CallOptions
    ) throws(TaskwireError) -> TaskMutation<InputReceipt> {
        let responses = request.responses.sorted { $0.key < $1.key }
        for (key, response) in responses {
            try TaskRules.payload(response, field: "responses[\"\(key.prefix(256))\"]")
        }
        let mutation = Mutation("ProvideInput", requestID: options.requestID) {
            for (key, response) in responses {
                $0.feed(key)
                $0.feed(response)
            }
        }
        let limits = core.limits
        let step = try changeStep(request.taskID, mutation, options) { record, _ throws(TaskwireError) in
            try TaskRules.open(record.state)
            let acceptedKeys = try record.answer(request.responses, limits: limits)
            return acceptedKeys.isEmpty ? nil : .acceptedKeys(acceptedKeys)
        }
        return TaskMutation(step) { InputReceipt(task: $0.task, acceptedKeys: $0.product.acceptedKeys) }
    }

    /// Adds what `request` says to the task's interactions.
    private func add(
        _ request: EnqueueMessageRequest,
        _ mutation: Mutation,
        _ options: CallOptions
    ) throws(TaskwireError) -> TaskMutation<TaskState> {
        let limits = core.limits
        return try change(request.taskID, mutation, options) { record, now throws(TaskwireError) in
            try TaskRules.open(record.state)
            try TaskRules.lease(record, token: request.leaseToken)
            let interaction = TaskRecord.Interaction(
                key: request.key,
                kind: request.kind,
                payload: request.payload,
                queuedAt: now.wall
            )
            try record.add(interaction, limits: limits)
        }
    }
}

extension TaskEngine {
    // MARK: Messages

    /// See ``TaskStore/enqueueMessage(_:options:)``.
    public func enqueueMessage(
        _ request: EnqueueMessageRequest,
        options: CallOptions
    ) async throws -> TaskState {
        try TaskRules.key(request.key, kind: request.kind)
        try TaskRules.payload(request.payload, field: "payload")
        let mutation = Mutation("EnqueueMessage", requestID: options.requestID) {
            $0.feed(request.leaseToken)
            $0.feed(request.kind == .request ? "request" : "notification")
            $0.feed(request.key)
            $0.feed(request.payload)
        }
        return try await add(request, mutation, options)
    }

    /// See ``TaskStore/dequeueMessage(_:options:)``.
    public func dequeueMessage(_ taskID: String, options: CallOptions) async throws -> MessageDelivery {
        let (task, messages) = try await takeMessages("DequeueMessage", of: taskID, limit: 1, options)
        return MessageDelivery(task: task, message: messages.first)
    }

    /// See ``TaskStore/peekMessage(_:options:)``.
    public func peekMessage(_ taskID: String, options: CallOptions) async throws -> MessageDelivery {
        let record = try await liveRecord(taskID)
        return MessageDelivery(task: record.viewed(as: .basic), message: record.queue.first)
    }

    /// See ``TaskStore/clearMessages(_:options:)``.
    public func clearMessages(_ taskID: String, options: CallOptions) async throws -> ClearedMessages {
        let (task, messages) = try await takeMessages("ClearMessages", of: taskID, limit: .max, options)
        return ClearedMessages(task: task, messages: messages)
    }

    private func takeMessages(
        _ operation: String,
        of taskID: String,
        limit: Int,
        _ options: CallOptions
    ) async throws -> (task: TaskState, messages: [TaskMessage]) {
        let mutation = Mutation(operation, requestID: options.requestID) { _ in }
        let limits = core.limits
        let (task, _, messages) = try await changeAndReturn(taskID, mutation, options) {
            record,
            _ throws(TaskwireError) in
            let count = record.takeMessages(limit, by: mutation.requestID, limits: limits)
            return count == 0 ? nil : .delivery
        }
        return (task, messages)
    }

    // MARK: Input

    /// See ``TaskStore/requestInput(_:options:)``.
    public func requestInput(_ request: RequestInputRequest, options: CallOptions) async throws -> TaskState {
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
        return try await add(message, mutation, options)
    }

    /// See ``TaskStore/provideInput(_:options:)``.
    public func provideInput(
        _ request: ProvideInputRequest,
        options: CallOptions
    ) async throws -> InputReceipt {
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
        let (task, product, _) = try await changeAndReturn(request.taskID, mutation, options) {
            record,
            _ throws(TaskwireError) in
            try TaskRules.open(record.state)
            let acceptedKeys = try record.answer(request.responses, limits: limits)
            return acceptedKeys.isEmpty ? nil : .acceptedKeys(acceptedKeys)
        }
        return InputReceipt(task: task, acceptedKeys: product.acceptedKeys)
    }

    /// Adds what `request` says to the task's interactions.
    private func add(
        _ request: EnqueueMessageRequest,
        _ mutation: Mutation,
        _ options: CallOptions
    ) async throws -> TaskState {
        let limits = core.limits
        return try await change(request.taskID, mutation, options) { record, now throws(TaskwireError) in
            try TaskRules.open(record.state)
            try TaskRules.lease(record, token: request.leaseToken)
            let interaction = TaskRecord.Interaction(
                key: request.key,
                kind: request.kind,
                payload: request.payload,
                queuedAt: now
            )
            try record.add(interaction, limits: limits)
        }
    }
}

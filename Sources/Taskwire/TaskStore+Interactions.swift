extension TaskStore {
    /// Appends a message to the task's queue. Parameters as in ``EnqueueMessageRequest``.
    public func enqueueMessage(
        _ payload: Payload,
        kind: TaskMessage.Kind,
        key: String = "",
        for taskID: String,
        leaseToken: [UInt8] = [],
        options: CallOptions = .default
    ) async throws -> TaskState {
        let request = EnqueueMessageRequest(
            taskID: taskID,
            kind: kind,
            key: key,
            payload: payload,
            leaseToken: leaseToken
        )
        return try await enqueueMessage(request, options: options)
    }

    /// Takes the oldest message out of the task's queue.
    public func dequeueMessage(_ taskID: String) async throws -> MessageDelivery {
        try await dequeueMessage(taskID, options: .default)
    }

    /// Returns the oldest message of the task's queue and leaves it there.
    public func peekMessage(_ taskID: String) async throws -> MessageDelivery {
        try await peekMessage(taskID, options: .default)
    }

    /// Takes all messages out of the task's queue.
    public func clearMessages(_ taskID: String) async throws -> ClearedMessages {
        try await clearMessages(taskID, options: .default)
    }

    /// Asks for input. Parameters as in ``RequestInputRequest``.
    public func requestInput(
        _ key: String,
        payload: Payload,
        for taskID: String,
        leaseToken: [UInt8] = [],
        options: CallOptions = .default
    ) async throws -> TaskState {
        let request = RequestInputRequest(taskID: taskID, key: key, payload: payload, leaseToken: leaseToken)
        return try await requestInput(request, options: options)
    }

    /// Answers questions by their keys.
    public func provideInput(
        _ responses: [String: Payload],
        for taskID: String,
        options: CallOptions = .default
    ) async throws -> InputReceipt {
        try await provideInput(ProvideInputRequest(taskID: taskID, responses: responses), options: options)
    }

    /// Waits until a question is answered, call after call.
    /// - Parameter timeout: How long to wait in all; `nil`: for ever.
    /// - Throws: as ``awaitInput(_:options:)``, but for the end of one call's wait.
    public func waitForInput(
        _ key: String,
        of taskID: String,
        timeout: Duration? = nil
    ) async throws -> Payload {
        try await untilInTime(timeout) { wait in
            let request = AwaitInputRequest(taskID: taskID, key: key, wait: wait)
            return try await awaitInput(request, options: .default).response
        }
    }

    /// Repeats a call that waits, until `timeout` is over in all; `nil`: for ever.
    /// - Throws: DEADLINE_EXCEEDED when the time is over, and what `call` throws.
    func untilInTime<Output>(
        _ timeout: Duration?,
        _ call: (_ wait: Duration?) async throws -> Output
    ) async throws -> Output {
        let end = timeout.map { ContinuousClock.now.advanced(by: $0) }
        while true {
            let start = ContinuousClock.now
            do {
                return try await call(end.map { max($0 - .now, .milliseconds(1)) })
            } catch let error as TaskwireError where error.code == .deadlineExceeded {
                if let end, end <= .now { throw error }
                // A call that did not wait should not be repeated without a pause.
                if .now - start < .milliseconds(10) { try await Task.sleep(for: .milliseconds(10)) }
                try Task.checkCancellation()
            }
        }
    }
}

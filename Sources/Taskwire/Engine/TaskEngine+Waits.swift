extension TaskEngine {
    /// See ``TaskStore/waitTask(_:options:)``.
    public func waitTask(_ request: WaitTaskRequest, options: CallOptions) async throws -> TaskChange {
        try await beginWaitTask(request, options: options).output
    }

    /// See ``TaskStore/awaitResult(_:options:)``.
    public func awaitResult(_ request: AwaitResultRequest, options: CallOptions) async throws -> TaskOutcome {
        try await beginAwaitResult(request, options: options).output
    }

    /// See ``TaskStore/waitMessage(_:options:)``.
    public func waitMessage(
        _ request: WaitMessageRequest,
        options: CallOptions
    ) async throws -> MessageDelivery {
        try await beginWaitMessage(request, options: options).output
    }

    /// See ``TaskStore/awaitInput(_:options:)``.
    public func awaitInput(_ request: AwaitInputRequest, options: CallOptions) async throws -> InputAnswer {
        try await beginAwaitInput(request, options: options).output
    }
}

extension TaskEngine {
    package func beginWaitTask(
        _ request: WaitTaskRequest,
        options: CallOptions
    ) async throws -> TaskWait<TaskChange> {
        try await wait(for: request.taskID, milliseconds: request.waitMilliseconds, options) {
            $0.state.revision > request.afterRevision
        }.map { record in
            TaskChange(
                task: record.viewed(as: request.view),
                isChanged: record.state.revision > request.afterRevision
            )
        }
    }

    package func beginAwaitResult(
        _ request: AwaitResultRequest,
        options: CallOptions
    ) async throws -> TaskWait<TaskOutcome> {
        try await wait(for: request.taskID, milliseconds: request.waitMilliseconds, options) {
            $0.state.status.isTerminal
        }.map { record in
            guard record.state.status.isTerminal else {
                throw Self.waitEnded(record, "Task \(request.taskID) did not end in time")
            }
            return TaskOutcome(of: record.state)
        }
    }

    package func beginWaitMessage(
        _ request: WaitMessageRequest,
        options: CallOptions
    ) async throws -> TaskWait<MessageDelivery> {
        try await wait(for: request.taskID, milliseconds: request.waitMilliseconds, options) {
            !$0.queue.isEmpty || $0.state.status.isTerminal
        }.map { record in
            guard let message = record.queue.first else {
                try TaskRules.open(record.state)
                throw Self.waitEnded(record, "No message was queued for task \(request.taskID) in time")
            }
            return MessageDelivery(task: record.viewed(as: .basic), message: message)
        }
    }

    package func beginAwaitInput(
        _ request: AwaitInputRequest,
        options: CallOptions
    ) async throws -> TaskWait<InputAnswer> {
        try TaskRules.key(request.key, kind: .request)
        return try await wait(for: request.taskID, milliseconds: request.waitMilliseconds, options) {
            $0.request(request.key)?.isOpen != true || $0.state.status.isTerminal
        }.map { record in
            guard let question = record.request(request.key) else {
                throw TaskwireError.invalidField("key", "nothing was asked under \"\(request.key)\"")
            }
            guard let response = question.response else {
                try TaskRules.open(record.state)
                throw Self.waitEnded(
                    record,
                    "Nobody answered \"\(request.key)\" of task \(request.taskID) in time"
                )
            }
            return InputAnswer(task: record.viewed(as: .basic), response: response)
        }
    }

    /// What a caller is told whose wait ended before what it waits for.
    private static func waitEnded(_ record: TaskRecord, _ message: String) -> TaskwireError {
        TaskwireError(
            .deadlineExceeded,
            .deadlineExceeded,
            message,
            task: record.state.viewed(as: .basic)
        )
    }

    /// Has the record as soon as `isDone` holds, or as it is when the wait ends.
    private func wait(
        for taskID: String,
        milliseconds: Int64,
        _ options: CallOptions,
        until isDone: @escaping @Sendable (TaskRecord) -> Bool
    ) async throws -> TaskWait<TaskRecord> {
        var milliseconds = try core.limits.wait(milliseconds)
        if let deadline = options.deadline {
            milliseconds = min(milliseconds, (deadline - .now).millisecondsRoundedUp)
        }
        let end = core.clock.now.adding(milliseconds: milliseconds)
        let first = try await record(taskID)
        guard !isDone(first) else { return .done(first) }
        let registration = try core.waiters.register(for: first.key, in: core.storage)
        return try await look(for: taskID, registration, until: end, isDone)
    }

    private func look(
        for taskID: String,
        _ registration: TaskWaiters.Registration,
        until end: Timestamp,
        _ isDone: @escaping @Sendable (TaskRecord) -> Bool
    ) async throws -> TaskWait<TaskRecord> {
        var isOver = true
        // Whoever is answered may wait again at once, and has its place back.
        defer { if isOver { registration.end() } }
        let record = try await record(taskID)
        guard !isDone(record), core.clock.now < end else { return .done(record) }
        isOver = false
        // The task's own time may come before the sweeper does.
        let dueAt = record.dueAt?.adding(milliseconds: 0 &- core.storeLead)
        let pause = TaskPause(registration, until: min(end, dueAt ?? end))
        return .waiting(pause) { try await look(for: taskID, registration, until: end, isDone) }
    }
}

extension TaskOutcome {
    init(of state: TaskState) {
        self.init(task: state.viewed(as: .basic), result: state.result, error: state.error)
    }
}

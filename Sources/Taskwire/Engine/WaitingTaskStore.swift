/// A store whose waits can be begun by one Swift task and ended by another; see ``TaskWait``.
package protocol WaitingTaskStore: TaskStore {
    /// Begins ``TaskStore/waitTask(_:options:)``.
    func beginWaitTask(
        _ request: WaitTaskRequest,
        options: CallOptions
    ) async throws -> TaskWait<TaskChange>

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

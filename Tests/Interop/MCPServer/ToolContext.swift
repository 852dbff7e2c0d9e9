import Taskwire

/// What a tool has in hand: its arguments, and the task that it works on.
struct ToolContext: Sendable {
    /// The arguments of the call, an object.
    let arguments: JSONValue
    /// What the client wants to see in `notifications/progress`, if it wants any.
    let progressToken: JSONValue?
    /// The task.
    let task: TaskContext

    /// Tells everybody how far the work is: in the task, and to a client of the first generation that asked for
    /// it as a message of the task. The second generation has no notifications of tasks' progress.
    ///
    /// Source: MCP 2025-11-25, "Tasks", "Task Progress Notifications"; SEP-2663, "Task Status Notifications".
    func progress(_ current: Int64, of total: Int64) async throws {
        try await task.progress(Double(current), of: Double(total))
        try await task.updateStatus("\(current) of \(total)")
        guard let progressToken else { return }
        let notification: JSONValue = [
            "method": "notifications/progress",
            "params": [
                "progressToken": progressToken, "progress": .integer(current), "total": .integer(total),
            ],
        ]
        do {
            try await task.messages.enqueue(Payload(data: notification.bytes), kind: .notification)
        } catch let error as TaskwireError where error.reason == .queueFull {
            // Nobody collects them. Who begins to later sees the newest in the status message.
        }
    }

    /// Asks the user and waits for the answer, an `ElicitResult`.
    ///
    /// The question is one JSON for both generations: `{"method", "params"}` is what the second one shows as an
    /// input request (MCP 2026-07-28, "Multi Round-Trip Requests", "InputRequests"), and what the first one sends
    /// as a request of its own (MCP 2025-11-25, "Elicitation").
    /// - Parameter key: Names the question within the task.
    func elicit(key: String, message: String, schema: JSONValue) async throws -> JSONValue {
        let question: JSONValue = [
            "method": "elicitation/create",
            "params": ["mode": "form", "message": .string(message), "requestedSchema": schema],
        ]
        let answer = try await task.requestInput(key: key, payload: Payload(data: question.bytes))
        return try JSONValue(bytes: answer.data)
    }
}

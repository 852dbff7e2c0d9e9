import Taskwire

/// How a call of a tool ended, as it is kept in its task.
///
/// The generations disagree about a result with `isError`. In the first one its task has `failed` (MCP 2025-11-25,
/// "Tasks", "Task Execution Errors"), in the second it has `completed`, and `failed` must not be used (SEP-2663,
/// "Task Execution Errors"). The store keeps such a task as `failed`, with the whole result in the error's data
/// and a code that no JSON-RPC error has. So the first generation's status is right in every listing, which is
/// without payloads, and the second one, which has no listing, finds the result where it reads a single task.
enum ToolOutcome: Sendable {
    /// The `CallToolResult`, with `isError` or without.
    case result(JSONValue)
    /// A JSON-RPC error instead of a result.
    case error(RPCError)
    /// Nothing: the task was cancelled.
    case none

    /// The code that marks a result with `isError`. JSON-RPC's own are negative, and nobody's error is number 0.
    private static let toolErrorCode: Int32 = 0

    /// What came of a task; `nil` where it goes on.
    /// - Throws: -32603 where somebody completed the task with something that is no result of MCP.
    init?(of outcome: TaskOutcome) throws {
        switch outcome.task.status {
        case .working, .inputRequired:
            return nil
        case .cancelled:
            self = .none
        case .completed:
            let result = outcome.result.flatMap { try? JSONValue(bytes: $0.data) }
            guard let result, result.object != nil else {
                throw RPCError.internalError("The result of task \(outcome.task.id) is not a result of MCP")
            }
            self = .result(result)
        case .failed:
            let error = outcome.error ?? TaskError(message: "The task failed")
            let data = try error.data.map(JSONValue.init(bytes:))
            if error.code == Self.toolErrorCode, let data {
                self = .result(data)
            } else {
                self = .error(RPCError(code: Int64(error.code), message: error.message, data: data))
            }
        }
    }

    /// What a call returned whose task has ended.
    ///
    /// A cancelled task has neither a result nor an error. The specifications do not say what to answer to those who
    /// wait for it; it is -32602, as for everything else that the state of a task rules out.
    /// - Throws: What the call failed with.
    static func result(of ended: TaskOutcome) throws -> JSONValue {
        switch try ToolOutcome(of: ended) {
        case .result(let result): return result
        case .error(let error): throw error
        case nil, .some(.none):
            let status = ended.task.status.rawValue
            throw RPCError.invalidParams("Task \(ended.task.id) is \(status) and has no result")
        }
    }

    /// Ends the task of `context` with a tool's result.
    static func store(_ result: ToolResult, in context: TaskContext) async throws {
        if result.isError {
            try await context.fail(result.text, code: toolErrorCode, data: result.json.bytes)
        } else {
            try await context.complete(Payload(data: result.json.bytes))
        }
    }

    /// Ends the task of `context` with a JSON-RPC error.
    static func store(_ error: RPCError, in context: TaskContext) async throws {
        let code = Int32(exactly: error.code) ?? TaskError.internalErrorCode
        try await context.fail(error.message, code: code, data: error.data?.bytes)
    }
}

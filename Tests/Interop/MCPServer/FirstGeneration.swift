import Taskwire

/// The methods of MCP 2025-11-25. Sections that are named below are of its page "Tasks".
struct FirstGeneration: Sendable {
    /// Where the work is done.
    let workshop: Workshop
    /// The way to the client, for what tasks have to say while they go on.
    let messenger: Messenger
    /// What the client said in `initialize`.
    let capabilities: ClientCapabilities

    /// The answer to `initialize`, whatever version the client asks for: it is this one or none.
    ///
    /// The whole list of tasks is shown to whoever is connected: that is the user who started this process, and
    /// who alone may connect to the Taskwire server ("Task Isolation and Access Control").
    static let initializeResult: JSONValue = [
        "protocolVersion": .string(Generation.firstVersion),
        "capabilities": [
            "tools": [:],
            "tasks": ["list": [:], "cancel": [:], "requests": ["tools": ["call": [:]]]],
        ],
        "serverInfo": Generation.serverInfo,
    ]

    /// Answers a request.
    /// - Throws: What becomes the error of the response.
    func answer(_ request: ClientMessage.Request) async throws -> JSONValue {
        let params = request.params
        return switch request.method {
        case "ping": [:]
        case "tools/list": Self.tools
        case "tools/call": try await call(params)
        case "tasks/get": try await get(params)
        case "tasks/result": try await result(params)
        case "tasks/list": try await list(params)
        case "tasks/cancel": try await cancel(params)
        default: throw RPCError.methodNotFound("Unknown method: \(request.method)")
        }
    }

    /// All tools and whether they can be tasks ("Tool-Level Negotiation").
    private static var tools: JSONValue {
        let tools = Tool.all.map { tool in
            tool.json.adding(["execution": ["taskSupport": tool.isAsking ? "required" : "optional"]])
        }
        return ["tools": .array(tools)]
    }

    /// Makes a task where the request is augmented with one ("Creating Tasks"), and else does the work at once.
    private func call(_ params: JSONValue) async throws -> JSONValue {
        var call = try ToolCall(params)
        // It stays valid for as long as the task lives ("Task Progress Notifications").
        call.progressToken = params["_meta"]?["progressToken"]
        if call.tool.isAsking, !capabilities.hasForms {
            throw RPCError.invalidParams(
                "The tool \(call.tool.name) asks the user, which this client cannot do"
            )
        }
        guard let augmentation = params["task"] else {
            if call.tool.isAsking {
                throw RPCError.methodNotFound("The tool \(call.tool.name) has to be called as a task")
            }
            return try await workshop.perform(call) { taskID in
                try await outcome(of: taskID, isKnown: false)
            }
        }
        let task = try await workshop.begin(call, timeToLive: try Self.timeToLive(augmentation))
        var created: JSONValue = ["task": try JSONValue(of: task.mcp(.revision20251125))]
        if let text = task.immediateResponse {
            created = created.addingMetadata([modelImmediateResponseKey: .string(text)])
        }
        return created
    }

    /// What a client wants to have as a time to live ("Task Parameters").
    private static func timeToLive(_ augmentation: JSONValue) throws -> Duration? {
        guard augmentation.object != nil else { throw RPCError.invalidParams("task: not an object") }
        guard let member = augmentation["ttl"], member != .null else { return nil }
        guard let milliseconds = member.number, milliseconds > 0, milliseconds < 1e15 else {
            throw RPCError.invalidParams("task.ttl: not a positive number of milliseconds")
        }
        return .milliseconds(milliseconds)
    }

    /// "Getting Tasks".
    private func get(_ params: JSONValue) async throws -> JSONValue {
        let task = try await workshop.store.getTask(try params.taskID())
        return try JSONValue(of: task.mcp(.revision20251125))
    }

    /// "Listing Tasks". A page has 50; Taskwire checks the cursor.
    private func list(_ params: JSONValue) async throws -> JSONValue {
        guard let cursor = (params["cursor"] ?? "").string else {
            throw RPCError.invalidParams("cursor: not a string")
        }
        let page = try await workshop.store.listTasks(ListTasksRequest(cursor: cursor))
        let tasks = try page.tasks.map { try JSONValue(of: $0.mcp(.revision20251125)) }
        var result: JSONValue = ["tasks": .array(tasks)]
        if !page.nextCursor.isEmpty { result["nextCursor"] = .string(page.nextCursor) }
        return result
    }

    /// "Task Cancellation": the task is cancelled before the response, and one that has ended is refused with
    /// -32602, which is the code of Taskwire's TASK_TERMINAL.
    private func cancel(_ params: JSONValue) async throws -> JSONValue {
        let request = CancelTaskRequest(
            taskID: try params.taskID(),
            statusMessage: "The task was cancelled by request."
        )
        let task = try await workshop.store.cancelTask(request, options: .default)
        return try JSONValue(of: task.mcp(.revision20251125))
    }

    /// "Result Retrieval": waits for the end of the task, and returns exactly what the call would have returned.
    private func result(_ params: JSONValue) async throws -> JSONValue {
        let taskID = try params.taskID()
        return try await outcome(of: taskID, isKnown: true).addingMetadata(relatedTask(taskID))
    }

    /// Delivers what the task has to say until it has ended, and returns what came of it.
    /// - Parameter isKnown: Whether the client knows the task, and messages name it.
    private func outcome(of taskID: String, isKnown: Bool) async throws -> JSONValue {
        try await messenger.deliver(
            messagesOf: taskID,
            in: workshop.store,
            metadata: isKnown ? relatedTask(taskID) : [:],
            canAsk: capabilities.hasForms
        )
        return try ToolOutcome.result(of: try await workshop.store.waitForResult(taskID))
    }

    /// What every message about a task has in its `_meta` ("Related Task Metadata").
    private func relatedTask(_ taskID: String) -> [String: JSONValue] {
        [relatedTaskMetadataKey: ["taskId": .string(taskID)]]
    }
}

import Taskwire

/// The methods of MCP 2026-07-28 and of its tasks extension. Sections that are named below are of SEP-2663.
///
/// Of the extension's optional parts the status notifications are left out: they need `subscriptions/listen`,
/// which is a method that this server does not have.
struct SecondGeneration: Sendable {
    /// Where the work is done.
    let workshop: Workshop
    /// What the client said with the request.
    let capabilities: ClientCapabilities

    /// Answers a request. Every result says which kind it is and who made it (MCP 2026-07-28, "Overview").
    /// - Throws: What becomes the error of the response.
    func answer(_ request: ClientMessage.Request) async throws -> JSONValue {
        let params = request.params
        let result: JSONValue =
            switch request.method {
            case "server/discover": Self.discovery
            case "tools/list": Self.tools
            case "tools/call": try await call(params)
            case "tasks/get": try await get(params)
            case "tasks/update": try await update(params)
            case "tasks/cancel": try await cancel(params)
            default: throw RPCError.methodNotFound("Unknown method: \(request.method)")
            }
        return
            result
            .adding(["resultType": result["resultType"] ?? "complete"])
            .addingMetadata(["io.modelcontextprotocol/serverInfo": Generation.serverInfo])
    }

    /// MCP 2026-07-28, "Discovery". An empty object is how an extension is declared ("Capability Negotiation").
    private static let discovery = cacheable([
        "supportedVersions": Generation.supportedVersions,
        "capabilities": ["tools": [:], "extensions": ["io.modelcontextprotocol/tasks": [:]]],
    ])

    /// All tools. Which of them become tasks is the server's business here.
    private static let tools = cacheable(["tools": .array(Tool.all.map(\.json))])

    /// A result that never changes, with how long a client may remember it (MCP 2026-07-28, "Caching").
    private static func cacheable(_ result: JSONValue) -> JSONValue {
        result.adding(["ttlMs": 3_600_000, "cacheScope": "public"])
    }

    /// Makes a task of a call where the client can have one, else does the work at once ("Capability Negotiation").
    /// A `task` among the parameters is the first generation's, and unknown here ("Backward Compatibility").
    private func call(_ params: JSONValue) async throws -> JSONValue {
        let call = try ToolCall(params)
        if call.tool.isAsking {
            try requireTasks()
            try requireForms()
        }
        guard capabilities.hasTasks else {
            return try await workshop.perform(call) { taskID in
                try ToolOutcome.result(of: try await workshop.store.waitForResult(taskID))
            }
        }
        let task = try await workshop.begin(call)
        return try JSONValue(of: task.mcp(.extension2663)).adding(["resultType": "task"])
    }

    /// "Task Polling": the task, and what it needs or what came of it.
    private func get(_ params: JSONValue) async throws -> JSONValue {
        try requireTasks()
        let task = try await workshop.store.getTask(try params.taskID(), view: .full)
        var detailed = try JSONValue(of: task.mcp(.extension2663))
        switch try ToolOutcome(of: TaskOutcome(task: task, result: task.result, error: task.error)) {
        case .result(let result):
            // Also where the store has it as failed ("Task Execution Errors").
            detailed["status"] = .string(TaskStatus.completed.rawValue)
            detailed["result"] = result.adding(["resultType": "complete"])
        case .error(let error):
            detailed["error"] = error.json
        case nil where task.status == .inputRequired:
            // A client must not be shown questions that it cannot ask, and all that are open must be shown.
            try requireForms()
            let requests = task.inputRequests.compactMap { request in
                Messenger.message(request.payload).map { (request.key, $0) }
            }
            detailed["inputRequests"] = .object(Dictionary(requests) { $1 })
        case nil, .some(.none):
            break
        }
        return detailed
    }

    /// "Task Update Requests": answers to questions. Those that nobody asked, or has answered, count for nothing,
    /// and neither do all of them once the task has ended.
    private func update(_ params: JSONValue) async throws -> JSONValue {
        try requireTasks()
        guard let responses = params["inputResponses"]?.object else {
            throw RPCError.invalidParams("inputResponses: not an object")
        }
        let taskID = try params.taskID()
        do {
            let payloads = try responses.mapValues { Payload(data: try $0.bytes) }
            _ = try await workshop.store.provideInput(payloads, for: taskID)
        } catch let error as TaskwireError where error.reason == .taskTerminal {
            StandardOutput.log("task \(taskID) was answered after its end")
        }
        return [:]
    }

    /// "Task Cancellation": a wish, which the worker grants when it can; an acknowledgement, however often, and
    /// also when the task has ended.
    private func cancel(_ params: JSONValue) async throws -> JSONValue {
        try requireTasks()
        _ = try await workshop.store.cancelTask(try params.taskID(), mode: .request)
        return [:]
    }

    private func requireTasks() throws(RPCError) {
        guard capabilities.hasTasks else { throw .missingCapability(ClientCapabilities.tasks) }
    }

    private func requireForms() throws(RPCError) {
        guard capabilities.hasForms else { throw .missingCapability(ClientCapabilities.forms) }
    }
}

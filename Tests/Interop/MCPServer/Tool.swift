import Taskwire

/// A tool that clients may call: what they are told about it, and its work.
struct Tool: Sendable {
    /// How it is called.
    var name: String
    /// What it does, for models.
    var description: String
    /// JSON Schema of its arguments.
    var inputSchema: JSONValue
    /// Whether it asks the user, which it can do as the work of a task only.
    var isAsking = false
    /// What a host may tell its model at once, while the task goes on.
    var immediateResponse: String?
    /// Does it. What it throws as an ``RPCError`` is what the call fails with.
    var perform: @Sendable (ToolContext) async throws -> ToolResult

    /// The tool in `tools/list`, without `execution`, which the first generation alone knows.
    var json: JSONValue {
        ["name": .string(name), "description": .string(description), "inputSchema": inputSchema]
    }

    /// All tools, in the order of `tools/list`.
    static let all = [count, greet, divide, order]

    /// The tool with that name.
    static func named(_ name: String) -> Tool? {
        all.first { $0.name == name }
    }
}

extension Tool {
    /// Slow: it counts, tells how far it is, and stops when it is cancelled.
    static let count = Tool(
        name: "count",
        description: "Counts to a number, slowly.",
        inputSchema: [
            "type": "object",
            "properties": [
                "to": ["type": "integer", "minimum": 1, "maximum": 10_000],
                "milliseconds": ["type": "integer", "minimum": 0, "maximum": 60_000, "default": 100],
            ],
            "required": ["to"],
        ],
        immediateResponse: "Counting has begun and takes a while."
    ) { context in
        guard let last = context.arguments["to"]?.integer, 1...10_000 ~= last,
            case let pause = context.arguments["milliseconds"] ?? 100,
            let milliseconds = pause.integer, 0...60_000 ~= milliseconds
        else { return ToolResult("count takes a number `to` from 1 to 10000.", isError: true) }
        for number in 1...last {
            try await Task.sleep(for: .milliseconds(milliseconds))
            try await context.progress(number, of: last)
        }
        return ToolResult("Counted to \(last).")
    }

    /// Asks the user for a name.
    static let greet = Tool(
        name: "greet",
        description: "Asks the user for a name and greets.",
        inputSchema: ["type": "object", "properties": [:]],
        isAsking: true
    ) { context in
        let answer = try await context.elicit(
            key: "name",
            message: "What is your name?",
            schema: ["type": "object", "properties": ["name": ["type": "string"]], "required": ["name"]]
        )
        guard answer["action"] == "accept", let name = answer["content"]?["name"]?.string else {
            return ToolResult("Hello, whoever you are!")
        }
        return ToolResult("Hello, \(name)!")
    }

    /// Returns `isError` where its arguments make no sense, so that the model can do better.
    static let divide = Tool(
        name: "divide",
        description: "Divides two numbers.",
        inputSchema: [
            "type": "object",
            "properties": ["dividend": ["type": "number"], "divisor": ["type": "number"]],
            "required": ["dividend", "divisor"],
        ]
    ) { context in
        guard let dividend = context.arguments["dividend"]?.number,
            let divisor = context.arguments["divisor"]?.number
        else { return ToolResult("divide takes two numbers.", isError: true) }
        guard divisor != 0 else { return ToolResult("Nothing can be divided by zero.", isError: true) }
        return ToolResult("\(dividend / divisor)")
    }

    /// Fails: what it needs cannot be had, whatever the model does.
    static let order = Tool(
        name: "order",
        description: "Orders a pizza from a kitchen that has closed for good.",
        inputSchema: ["type": "object", "properties": [:]]
    ) { _ in
        throw RPCError(code: 503, message: "The kitchen does not answer.", data: ["retryAfterMs": 60_000])
    }
}

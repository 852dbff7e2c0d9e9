import Taskwire

/// A call of a tool, as it is stored in the task's request: the parameters of `tools/call`, less what concerns
/// the one request that brought them. Any process that has this tool could do the work.
struct ToolCall: Sendable {
    /// The tool.
    var tool: Tool
    /// Its arguments, an object.
    var arguments: JSONValue
    /// What the client wants to see in `notifications/progress`, if it wants any.
    var progressToken: JSONValue?

    /// The call that `params` describe.
    /// - Throws: -32602 where the tool is unknown or the arguments are no object. Arguments that the tool itself
    ///   does not like are a result with `isError`.
    init(_ params: JSONValue) throws(RPCError) {
        guard let name = params["name"]?.string, let tool = Tool.named(name) else {
            throw .invalidParams("Unknown tool: \(params["name"]?.string ?? "none was named")")
        }
        let arguments = params["arguments"] ?? [:]
        guard arguments.object != nil else { throw .invalidParams("arguments: not an object") }
        self.tool = tool
        self.arguments = arguments
    }

    /// The payload of the task.
    var payload: Payload {
        get throws {
            var json: JSONValue = ["name": .string(tool.name), "arguments": arguments]
            if let progressToken { json["_meta"] = ["progressToken": progressToken] }
            return Payload(data: try json.bytes)
        }
    }
}

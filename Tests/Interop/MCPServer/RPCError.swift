import Taskwire

/// The error object of JSON-RPC 2.0, section 5.1.
struct RPCError: Error, Hashable, Sendable {
    /// What happened, as a number.
    var code: Int64
    /// One sentence for people.
    var message: String
    /// Details.
    var data: JSONValue?

    /// The error as it stands in a response.
    var json: JSONValue {
        var json: JSONValue = ["code": .integer(code), "message": .string(message)]
        json["data"] = data
        return json
    }

    /// -32700: the line is no JSON.
    static func parseError(_ message: String) -> RPCError { RPCError(code: -32700, message: message) }

    /// -32600: the JSON is no request.
    static func invalidRequest(_ message: String) -> RPCError { RPCError(code: -32600, message: message) }

    /// -32601: no such method, or not here, or not in this way.
    static func methodNotFound(_ message: String) -> RPCError { RPCError(code: -32601, message: message) }

    /// -32602: the parameters are wrong, or the task is not in a state for it.
    static func invalidParams(_ message: String) -> RPCError { RPCError(code: -32602, message: message) }

    /// -32603: not the caller's fault.
    static func internalError(_ message: String) -> RPCError { RPCError(code: -32603, message: message) }

    /// -32021: the request needs a capability that the client did not declare with it.
    ///
    /// Source: MCP 2026-07-28, "Overview", "`_meta`"; SEP-2663, "Capability Negotiation".
    static func missingCapability(_ capabilities: JSONValue) -> RPCError {
        RPCError(
            code: -32021,
            message: "Missing required client capability",
            data: ["requiredCapabilities": capabilities]
        )
    }

    /// -32022: not a version that may stand in `_meta`.
    ///
    /// Source: MCP 2026-07-28, "Versioning and Compatibility", "Protocol Version Negotiation".
    static func unsupportedVersion(_ requested: String) -> RPCError {
        RPCError(
            code: -32022,
            message: "Unsupported protocol version",
            data: ["supported": Generation.supportedVersions, "requested": .string(requested)]
        )
    }
}

extension RPCError {
    /// What a client is told about `error`. Taskwire says itself which code its refusals have in MCP.
    init(_ error: any Error) {
        switch error {
        case let error as RPCError: self = error
        case let error as TaskwireError: self.init(code: Int64(error.jsonRPCCode), message: error.message)
        default: self = .internalError(String(describing: error))
        }
    }
}

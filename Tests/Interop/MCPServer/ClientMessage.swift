/// A line from the client, read as JSON-RPC 2.0. Batches are none of MCP's since 2025-06-18.
enum ClientMessage: Sendable {
    /// Expects a response.
    case request(Request)
    /// Does not.
    case notification(method: String, params: JSONValue)
    /// Answers a request of the server.
    case response(id: JSONValue, result: Result<JSONValue, RPCError>)
    /// Is none of these. The id is missing where it cannot be read.
    case malformed(id: JSONValue?, RPCError)

    /// A request, of either generation.
    struct Request: Sendable {
        /// A string or a whole number, unique among the client's open requests.
        var id: JSONValue
        /// What to do.
        var method: String
        /// An object, empty where the request has no parameters.
        var params: JSONValue
    }

    /// Reads one line.
    init(_ line: [UInt8]) {
        guard let json = try? JSONValue(bytes: line) else {
            self = .malformed(id: nil, .parseError("The line is not JSON"))
            return
        }
        // MCP forbids `null` as an id, which JSON-RPC allows.
        let id = json["id"].flatMap { $0.string == nil && $0.integer == nil ? nil : $0 }
        func malformed(_ problem: String) -> ClientMessage { .malformed(id: id, .invalidRequest(problem)) }

        guard json["jsonrpc"] == "2.0" else {
            self = malformed("The message is no object with \"jsonrpc\": \"2.0\"")
            return
        }
        guard json["id"] == nil || id != nil else {
            self = malformed("The id is neither a string nor a whole number")
            return
        }
        guard let member = json["method"] else {
            if let id, let result = json["result"] {
                self = .response(id: id, result: .success(result))
            } else if let id, let error = json["error"] {
                let message = error["message"]?.string ?? ""
                self = .response(
                    id: id,
                    result: .failure(RPCError(code: error["code"]?.integer ?? 0, message: message))
                )
            } else {
                self = malformed("The message has no method")
            }
            return
        }
        let params = json["params"] ?? [:]
        guard let method = member.string, params.object != nil else {
            self = malformed("The method is no string, or the params are no object")
            return
        }
        if let id {
            self = .request(Request(id: id, method: method, params: params))
        } else {
            self = .notification(method: method, params: params)
        }
    }
}

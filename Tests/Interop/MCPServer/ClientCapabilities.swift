/// What a client can do besides calling: of a connection in the first generation, of one request in the second.
struct ClientCapabilities: Sendable {
    /// The object as the client sent it.
    var json: JSONValue

    /// The capability that the second generation demands for anything with tasks.
    static let tasks: JSONValue = ["extensions": ["io.modelcontextprotocol/tasks": [:]]]
    /// The capability to ask the user by a form.
    static let forms: JSONValue = ["elicitation": ["form": [:]]]

    /// Whether the client knows tasks as the second generation has them.
    var hasTasks: Bool {
        json["extensions"]?["io.modelcontextprotocol/tasks"]?.object != nil
    }

    /// Whether the client asks its user by forms. An empty `elicitation` means so in both generations.
    var hasForms: Bool {
        guard let elicitation = json["elicitation"]?.object else { return false }
        return elicitation["form"] != nil || elicitation["url"] == nil
    }
}

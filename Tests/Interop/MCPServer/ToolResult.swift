/// What a tool returns, as far as this server's tools go: a text.
struct ToolResult: Sendable {
    /// What it has to say.
    var text: String
    /// Whether the tool could not do what it should.
    var isError: Bool

    /// A result with `text`.
    init(_ text: String, isError: Bool = false) {
        self.text = text
        self.isError = isError
    }

    /// The `CallToolResult` that both generations have in common.
    var json: JSONValue {
        ["content": [["type": "text", "text": .string(text)]], "isError": .bool(isError)]
    }
}

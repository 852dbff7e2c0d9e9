/// The two generations of MCP that this server speaks, on one connection and at the same time.
///
/// A client of the first says once, in `initialize`, what it is; one of the second says it in the `_meta` of every
/// request. Source: MCP 2026-07-28, "Versioning and Compatibility", "Backward Compatibility with
/// Initialization-Based Versions".
enum Generation: Sendable {
    /// MCP 2025-11-25, where tasks belong to the protocol.
    case first
    /// MCP 2026-07-28, where tasks are an extension, SEP-2663. The capabilities are those of this request.
    case second(ClientCapabilities)

    /// What the first generation calls itself in `initialize`.
    static let firstVersion = "2025-11-25"
    /// What the second one calls itself in `_meta`.
    static let secondVersion = "2026-07-28"
    /// Both, the latest first.
    static let supportedVersions: JSONValue = [.string(secondVersion), .string(firstVersion)]

    /// Name and version of this server.
    static let serverInfo: JSONValue = ["name": "taskwire-mcp-example", "version": "1.0.0"]

    /// The generation of a request.
    ///
    /// Source: MCP 2026-07-28, "Overview", "`_meta`": a request without a required member is malformed, -32602.
    /// - Parameter isInitialized: Whether `initialize` was called on this connection.
    init(of request: ClientMessage.Request, isInitialized: Bool) throws(RPCError) {
        let metadata = request.params["_meta"]
        let version = metadata?["io.modelcontextprotocol/protocolVersion"]
        let capabilities = metadata?["io.modelcontextprotocol/clientCapabilities"]
        if version == nil && capabilities == nil || version == .string(Self.firstVersion) {
            guard isInitialized || ["initialize", "ping"].contains(request.method) else {
                throw .invalidParams("Neither was initialize called, nor does _meta have a protocol version")
            }
            self = .first
            return
        }
        guard let version = version?.string else {
            throw .invalidParams("_meta has no io.modelcontextprotocol/protocolVersion")
        }
        guard version == Self.secondVersion else { throw .unsupportedVersion(version) }
        guard let capabilities, capabilities.object != nil else {
            throw .invalidParams("_meta has no io.modelcontextprotocol/clientCapabilities")
        }
        self = .second(ClientCapabilities(json: capabilities))
    }
}

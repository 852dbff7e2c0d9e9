/// The two generations of MCP's JSON for tasks.
public enum MCPTaskSchema: Sendable, Hashable, CaseIterable {
    /// The `Task` of the 2025-11-25 specification: `ttl` and `pollInterval`.
    case revision20251125
    /// The `Task` of the tasks extension, SEP-2663: `ttlMs` and `pollIntervalMs`.
    case extension2663
}

/// A task's JSON in one generation of MCP: exactly the members which that generation defines.
///
/// A missing time to live is written as `null` in both; absent optional members are left out.
public struct MCPTask: Sendable, Encodable {
    /// The task.
    public var state: TaskState
    /// Which generation's names to use.
    public var schema: MCPTaskSchema

    /// The JSON of `state` in `schema`.
    public init(_ state: TaskState, schema: MCPTaskSchema = .revision20251125) {
        self.state = state
        self.schema = schema
    }

    private enum CodingKeys: String, CodingKey {
        case taskId, status, statusMessage, createdAt, lastUpdatedAt, ttl, ttlMs, pollInterval, pollIntervalMs
    }

    /// Writes the members of the schema.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(state.id, forKey: .taskId)
        try container.encode(state.status, forKey: .status)
        try container.encodeIfPresent(state.statusMessage, forKey: .statusMessage)
        try container.encode(state.createdAt, forKey: .createdAt)
        try container.encode(state.lastUpdatedAt, forKey: .lastUpdatedAt)
        switch schema {
        case .revision20251125:
            try container.encode(state.ttlMilliseconds, forKey: .ttl)
            try container.encode(state.pollIntervalMilliseconds, forKey: .pollInterval)
        case .extension2663:
            try container.encode(state.ttlMilliseconds, forKey: .ttlMs)
            try container.encode(state.pollIntervalMilliseconds, forKey: .pollIntervalMs)
        }
    }
}

extension TaskState: Encodable {
    /// Writes the JSON of MCP 2025-11-25; ``mcp(_:)`` chooses the generation.
    public func encode(to encoder: any Encoder) throws {
        try MCPTask(self).encode(to: encoder)
    }

    /// The task's JSON in the given generation of MCP.
    public func mcp(_ schema: MCPTaskSchema) -> MCPTask {
        MCPTask(self, schema: schema)
    }

    /// The `_meta` object that ties a message to this task:
    /// `{"io.modelcontextprotocol/related-task": {"taskId": "..."}}`.
    public var relatedTaskMetadata: [String: [String: String]] {
        [relatedTaskMetadataKey: ["taskId": id]]
    }
}

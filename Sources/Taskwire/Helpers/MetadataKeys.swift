/// Key in `_meta` for the text that a host may give its model at once, while the task goes on.
///
/// Source: MCP 2025-11-25, "Tasks", "Model Immediate Response".
public let modelImmediateResponseKey = "io.modelcontextprotocol/model-immediate-response"

/// Key in `_meta` that ties a request, a response or a notification to its task.
///
/// Source: MCP 2025-11-25, "Tasks", "Associating Task-Related Messages".
public let relatedTaskMetadataKey = "io.modelcontextprotocol/related-task"

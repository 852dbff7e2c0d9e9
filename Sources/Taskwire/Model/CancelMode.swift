/// What `cancelTask` does to a task that has not ended.
public enum CancelMode: Sendable, Hashable, CaseIterable {
    /// The task is `cancelled` before the reply (MCP 2025-11-25, `tasks/cancel`).
    case immediate
    /// Only ``TaskState/isCancelRequested`` is set; whoever works on the task decides (SEP-2663).
    case request
}

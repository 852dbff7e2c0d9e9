/// How much of a task a read returns. Source: AIP-157, "Partial responses".
public enum TaskView: Sendable, Hashable, CaseIterable {
    /// Everything but the payloads.
    case basic
    /// Also request, result, error and the outstanding input requests. A server leaves out what does not fit into one
    /// message, and says so: ``TaskState/omittedFields``.
    case full
    /// Basic, and the request, which always fits into a message: for whoever works on the task.
    case request
}

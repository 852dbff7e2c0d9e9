/// Where a task stands: the five states of MCP's tasks.
///
/// `working` and `inputRequired` lead to each other and to the three terminal states; a terminal state is
/// never left. Source: MCP 2025-11-25, "Tasks", section "Task Status Lifecycle".
public enum TaskStatus: String, Sendable, Hashable, CaseIterable, Codable {
    /// Somebody is, or could be, working on it.
    case working
    /// The work needs an answer before it goes on.
    case inputRequired = "input_required"
    /// Done; the result is there.
    case completed
    /// Ended without a result; the error says why.
    case failed
    /// Ended because somebody asked for it.
    case cancelled

    /// Whether the task has ended and its status can change no more.
    public var isTerminal: Bool {
        switch self {
        case .working, .inputRequired: false
        case .completed, .failed, .cancelled: true
        }
    }
}

public import Taskwire

/// What a call returned. Payloads are abridged.
public enum TaskAnswer: Sendable, Hashable {
    /// The task.
    case task(TaskState)
    /// The task and what came of it.
    case outcome(TaskOutcome)
    /// Whether the task was there to be removed.
    case deleted(Bool)
    /// Why nothing was done, and the state that was the reason.
    case refused(TaskwireError.Reason, TaskState?)

    /// The state that the server showed.
    public var state: TaskState? {
        switch self {
        case .task(let state): state
        case .outcome(let outcome): outcome.task
        case .deleted: nil
        case .refused(_, let state): state
        }
    }

    /// Whether the call was carried out.
    public var isAcknowledged: Bool {
        if case .refused = self { false } else { true }
    }

    /// The same answer from a clock that stands still: a model does not know the time.
    var timeless: TaskAnswer {
        switch self {
        case .task(let state):
            return .task(state.timeless)
        case .outcome(var outcome):
            outcome.task = outcome.task.timeless
            return .outcome(outcome)
        case .deleted:
            return self
        case .refused(let reason, let state):
            return .refused(reason, state?.timeless)
        }
    }
}

extension TaskState {
    fileprivate var timeless: TaskState {
        var state = self
        state.createdAt = TaskModel.time
        state.lastUpdatedAt = TaskModel.time
        return state
    }
}

extension TaskAnswer: CustomStringConvertible {
    /// What a checker compares.
    public var description: String {
        switch self {
        case .task(let state):
            return state.text
        case .outcome(let outcome):
            let result = outcome.result.map { ", result \($0.contentType)" } ?? ""
            return outcome.task.text + result + (outcome.error.map { ", error \($0.message)" } ?? "")
        case .deleted(let wasThere):
            return wasThere ? "removed" : "nothing to remove"
        case .refused(let reason, let state):
            return reason.rawValue + (state.map { ", \($0.text)" } ?? "")
        }
    }
}

extension TaskState {
    /// One line.
    var text: String {
        let parts: [String?] = [
            "r\(revision) \(status.rawValue)", statusMessage, progress?.text,
            isCancelRequested ? "cancellation requested" : nil,
            request.map { "request \($0.contentType)" },
            result.map { "result \($0.contentType)" },
            error.map { "error \($0.message)" },
            "created \(createdAt)", "updated \(lastUpdatedAt)",
        ]
        return parts.compactMap(\.self).joined(separator: ", ")
    }
}

extension TaskProgress {
    var text: String { "progress \(current)" + (total.map { " of \($0)" } ?? "") }
}

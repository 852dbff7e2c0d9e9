public import Taskwire

/// What a call returned. Payloads are abridged.
public enum TaskAnswer: Sendable, Hashable {
    /// The task.
    case task(TaskState)
    /// The task and what came of it.
    case outcome(TaskOutcome)
    /// Whether the task was there to be removed.
    case deleted(Bool)
    /// A message, or that there was none.
    case delivery(MessageDelivery)
    /// All messages there were.
    case cleared(ClearedMessages)
    /// Which answers were taken.
    case receipt(InputReceipt)
    /// A lease.
    case claim(TaskClaim)
    /// Why nothing was done, and the state that was the reason.
    case refused(TaskwireError.Reason, TaskState?)

    /// The state that the server showed.
    public var state: TaskState? {
        switch self {
        case .task(let state): state
        case .outcome(let outcome): outcome.task
        case .deleted: nil
        case .delivery(let delivery): delivery.task
        case .cleared(let cleared): cleared.task
        case .receipt(let receipt): receipt.task
        case .claim(let claim): claim.task
        case .refused(_, let state): state
        }
    }

    /// Whether the call was carried out.
    public var isAcknowledged: Bool {
        if case .refused = self { false } else { true }
    }

    /// Whether a repeat has to return the same: what was refused, or had nothing to do, is not remembered.
    public var isRemembered: Bool {
        switch self {
        case .task, .outcome, .claim: true
        case .deleted(let wasThere): wasThere
        case .delivery(let delivery): delivery.message != nil
        case .cleared(let cleared): !cleared.messages.isEmpty
        case .receipt(let receipt): !receipt.acceptedKeys.isEmpty
        case .refused: false
        }
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
        case .delivery(let delivery):
            return .delivery(
                MessageDelivery(task: delivery.task.timeless, message: delivery.message?.timeless)
            )
        case .cleared(let cleared):
            return .cleared(
                ClearedMessages(task: cleared.task.timeless, messages: cleared.messages.map(\.timeless))
            )
        case .receipt(let receipt):
            return .receipt(
                InputReceipt(task: receipt.task.timeless, acceptedKeys: receipt.acceptedKeys)
            )
        case .claim(let claim):
            return .claim(TaskClaim(task: claim.task.timeless, leaseToken: claim.leaseToken))
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
        return state.withTimelessLease
    }
}

extension TaskState {
    /// The state as if a lease never ran out: how long it lasts changes without a revision.
    var withTimelessLease: TaskState {
        var state = self
        state.lease?.expiresAt = TaskModel.time
        return state
    }
}

extension TaskMessage {
    fileprivate var timeless: TaskMessage {
        var message = self
        message.enqueuedAt = TaskModel.time
        return message
    }

    fileprivate var text: String { "\(kind) \(key) \(payload.contentType)" }
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
        case .delivery(let delivery):
            return delivery.task.text + ", " + (delivery.message?.text ?? "no message")
        case .cleared(let cleared):
            return cleared.task.text + ", messages [\(cleared.messages.map(\.text).joined(separator: ", "))]"
        case .receipt(let receipt):
            return receipt.task.text + ", accepted [\(receipt.acceptedKeys.joined(separator: ", "))]"
        case .claim(let claim):
            return claim.task.text + ", token \(claim.leaseToken.hexadecimal)"
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
            lease.map { "held by \($0.worker)" },
            request.map { "request \($0.contentType)" },
            result.map { "result \($0.contentType)" },
            error.map { "error \($0.message)" },
            inputRequests.isEmpty ? nil : "asks [\(inputRequests.map(\.key).joined(separator: ", "))]",
            "created \(createdAt)", "updated \(lastUpdatedAt)",
        ]
        return parts.compactMap(\.self).joined(separator: ", ")
    }
}

extension TaskProgress {
    var text: String { "progress \(current)" + (total.map { " of \($0)" } ?? "") }
}

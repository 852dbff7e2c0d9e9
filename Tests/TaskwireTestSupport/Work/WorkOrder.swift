public import Taskwire

/// What the program `worker` is to do for a task: the task's request.
public struct WorkOrder: Codable, Sendable {
    /// How the work goes.
    public enum Action: String, Codable, Sendable {
        /// Completes the task, after ``WorkOrder/milliseconds``.
        case complete
        /// Fails the task, "as ordered".
        case fail
        /// Throws an error, "a mishap".
        case `throw`
        /// Returns without a result.
        case `return`
        /// Goes on until it is told to stop, and then does.
        case hang
        /// Goes on until it is told to stop, and completes the task nevertheless.
        case stubborn
        /// Asks a question under the key `question`, and completes the task with the answer.
        case ask
    }

    /// How the work goes.
    public var action: Action
    /// Whether another worker may begin again when this one is lost; otherwise the task fails then.
    public var isRepeatable: Bool
    /// How long the work takes, where it ends by itself.
    public var milliseconds: Int

    /// An order.
    public init(_ action: Action, isRepeatable: Bool = false, milliseconds: Int = 0) {
        self.action = action
        self.isRepeatable = isRepeatable
        self.milliseconds = milliseconds
    }

    /// What becomes of the task when its worker is lost.
    public var onLoss: LeaseLossPolicy { isRepeatable ? .release : .fail }
}

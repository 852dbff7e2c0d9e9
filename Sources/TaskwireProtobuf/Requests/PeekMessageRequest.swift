internal import CTaskwireProtos
internal import Taskwire

/// What `PeekMessage` needs.
package struct PeekMessageRequest: Sendable, Hashable {
    /// Which task.
    package var taskID: String

    /// A request to look at the oldest message of a task.
    package init(taskID: String) {
        self.taskID = taskID
    }
}

extension PeekMessageRequest: TaskIDRequest {
    static let descriptor = unsafe MessageDescriptor(taskwire__v1__peek_message_request__init)
}

extension Taskwire__V1__PeekMessageRequest: TaskIDMessage {}

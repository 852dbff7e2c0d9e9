internal import CTaskwireProtos
internal import Taskwire

/// What `ClearMessages` needs.
package struct ClearMessagesRequest: Sendable, Hashable {
    /// Which task.
    package var taskID: String

    /// A request to take all messages of a task.
    package init(taskID: String) {
        self.taskID = taskID
    }
}

extension ClearMessagesRequest: TaskIDRequest {
    static let descriptor = unsafe MessageDescriptor(taskwire__v1__clear_messages_request__init)
}

extension Taskwire__V1__ClearMessagesRequest: TaskIDMessage {}

internal import CTaskwireProtos
internal import Taskwire

/// What `DequeueMessage` needs.
package struct DequeueMessageRequest: Sendable, Hashable {
    /// Which task.
    package var taskID: String

    /// A request to take the oldest message of a task.
    package init(taskID: String) {
        self.taskID = taskID
    }
}

extension DequeueMessageRequest: TaskIDRequest {
    static let descriptor = unsafe MessageDescriptor(taskwire__v1__dequeue_message_request__init)
}

extension Taskwire__V1__DequeueMessageRequest: TaskIDMessage {}

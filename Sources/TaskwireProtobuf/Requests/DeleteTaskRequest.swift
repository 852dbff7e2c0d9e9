internal import CTaskwireProtos
internal import Taskwire

/// What `DeleteTask` needs.
package struct DeleteTaskRequest: Sendable, Hashable {
    /// Which task.
    package var taskID: String

    /// A request to remove one task.
    package init(taskID: String) {
        self.taskID = taskID
    }
}

extension DeleteTaskRequest: TaskIDRequest {
    static let descriptor = unsafe MessageDescriptor(taskwire__v1__delete_task_request__init)
}

extension Taskwire__V1__DeleteTaskRequest: TaskIDMessage {}

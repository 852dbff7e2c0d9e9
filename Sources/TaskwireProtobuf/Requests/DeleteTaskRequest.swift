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

extension DeleteTaskRequest: MessageReadable, MessageWritable {
    static let descriptor = MessageDescriptor(taskwire__v1__delete_task_request__init)

    init(_ message: Taskwire__V1__DeleteTaskRequest) throws(TaskwireError) {
        self.init(taskID: String(wire: message.task_id))
    }

    func write(to message: inout Taskwire__V1__DeleteTaskRequest, in arena: Arena) throws(TaskwireError) {
        message.task_id = try arena.string(taskID, "task_id")
    }
}

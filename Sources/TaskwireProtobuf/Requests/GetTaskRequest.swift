internal import CTaskwireProtos
package import Taskwire

/// What `GetTask` needs.
package struct GetTaskRequest: Sendable, Hashable {
    /// Which task.
    package var taskID: String
    /// How much of it to return.
    package var view: TaskView

    /// A request for one task.
    package init(taskID: String, view: TaskView = .basic) {
        self.taskID = taskID
        self.view = view
    }
}

extension GetTaskRequest: MessageReadable, MessageWritable {
    static let descriptor = unsafe MessageDescriptor(taskwire__v1__get_task_request__init)

    init(_ message: Taskwire__V1__GetTaskRequest) throws(TaskwireError) {
        unsafe self.init(taskID: String(wire: message.task_id), view: TaskView(wire: message.view))
    }

    func write(to message: inout Taskwire__V1__GetTaskRequest, in arena: Arena) throws(TaskwireError) {
        unsafe message.task_id = try arena.string(taskID, "task_id")
        message.view = view.wire
    }
}

internal import CTaskwireProtos
package import Taskwire

/// The reply of every operation that answers with nothing but the task. Their messages are alike, so that the
/// generated struct of one of them encodes all.
package struct TaskReply: Sendable, Hashable {
    /// The task after the operation.
    package var task: TaskState

    /// A reply with `task`.
    package init(task: TaskState) {
        self.task = task
    }
}

extension TaskReply: MessageReadable, MessageWritable {
    static let descriptor = unsafe MessageDescriptor(taskwire__v1__get_task_reply__init)

    init(_ message: Taskwire__V1__GetTaskReply) throws(TaskwireError) {
        unsafe self.init(task: try TaskState.readRequired(message.task, "task"))
    }

    func write(to message: inout Taskwire__V1__GetTaskReply, in arena: Arena) throws(TaskwireError) {
        unsafe message.task = try arena.message(task, "task")
    }
}

internal import CTaskwireProtos
package import Taskwire

extension TaskChange: MessageReadable, MessageWritable {
    static let descriptor = unsafe MessageDescriptor(taskwire__v1__wait_task_reply__init)

    init(_ message: Taskwire__V1__WaitTaskReply) throws(TaskwireError) {
        unsafe self.init(
            task: try TaskState.readRequired(message.task, "task"),
            isChanged: message.changed != 0
        )
    }

    func write(to message: inout Taskwire__V1__WaitTaskReply, in arena: Arena) throws(TaskwireError) {
        unsafe message.task = try arena.message(task, "task")
        message.changed = isChanged ? 1 : 0
    }
}

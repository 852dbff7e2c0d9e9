internal import CTaskwireProtos
package import Taskwire

extension TaskPage: MessageReadable, MessageWritable {
    static let descriptor = unsafe MessageDescriptor(taskwire__v1__list_tasks_reply__init)

    init(_ message: Taskwire__V1__ListTasksReply) throws(TaskwireError) {
        unsafe self.init(
            tasks: try TaskState.readAll(message.tasks, count: message.n_tasks, "tasks"),
            nextCursor: String(wire: message.next_cursor)
        )
    }

    func write(to message: inout Taskwire__V1__ListTasksReply, in arena: Arena) throws(TaskwireError) {
        unsafe message.tasks = try arena.messages(tasks, "tasks")
        message.n_tasks = tasks.count
        unsafe message.next_cursor = try arena.string(nextCursor, "next_cursor")
    }
}

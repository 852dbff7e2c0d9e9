internal import CTaskwireProtos
package import Taskwire

extension ClearedMessages: MessageReadable, MessageWritable {
    static let descriptor = unsafe MessageDescriptor(taskwire__v1__clear_messages_reply__init)

    init(_ message: Taskwire__V1__ClearMessagesReply) throws(TaskwireError) {
        unsafe self.init(
            task: try TaskState.readRequired(message.task, "task"),
            messages: try TaskMessage.readAll(message.messages, count: message.n_messages, "messages")
        )
    }

    func write(to message: inout Taskwire__V1__ClearMessagesReply, in arena: Arena) throws(TaskwireError) {
        unsafe message.task = try arena.message(task, "task")
        unsafe message.messages = try arena.messages(messages, "messages")
        message.n_messages = messages.count
    }
}

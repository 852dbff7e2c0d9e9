internal import CTaskwireProtos
package import Taskwire

/// The reply of `DequeueMessage`, `PeekMessage` and `WaitMessage`, whose messages are alike.
extension MessageDelivery: MessageReadable, MessageWritable {
    static let descriptor = unsafe MessageDescriptor(taskwire__v1__dequeue_message_reply__init)

    init(_ message: Taskwire__V1__DequeueMessageReply) throws(TaskwireError) {
        unsafe self.init(
            task: try TaskState.readRequired(message.task, "task"),
            message: try TaskMessage.read(message.message, "message")
        )
    }

    func write(to message: inout Taskwire__V1__DequeueMessageReply, in arena: Arena) throws(TaskwireError) {
        unsafe message.task = try arena.message(task, "task")
        unsafe message.message = try arena.message(self.message, "message")
    }
}

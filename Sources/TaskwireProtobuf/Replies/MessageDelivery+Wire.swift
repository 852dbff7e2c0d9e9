internal import CTaskwireProtos
package import Taskwire

/// The reply of `DequeueMessage`, `PeekMessage` and `WaitMessage`, whose messages are alike.
extension MessageDelivery: MessageReadable, MessageWritable {
    static let descriptor = MessageDescriptor(taskwire__v1__dequeue_message_reply__init)

    init(_ message: Taskwire__V1__DequeueMessageReply) throws(TaskwireError) {
        self.init(
            task: try TaskState.readRequired(message.task, "task"),
            message: try TaskMessage.read(message.message, "message")
        )
    }

    func write(to message: inout Taskwire__V1__DequeueMessageReply, in arena: Arena) throws(TaskwireError) {
        message.task = try arena.message(task, "task")
        message.message = try arena.message(self.message, "message")
    }
}

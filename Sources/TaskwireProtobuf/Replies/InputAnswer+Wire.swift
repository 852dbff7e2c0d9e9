internal import CTaskwireProtos
package import Taskwire

extension InputAnswer: MessageReadable, MessageWritable {
    static let descriptor = unsafe MessageDescriptor(taskwire__v1__await_input_reply__init)

    init(_ message: Taskwire__V1__AwaitInputReply) throws(TaskwireError) {
        unsafe self.init(
            task: try TaskState.readRequired(message.task, "task"),
            response: try Payload.readRequired(message.response, "response")
        )
    }

    func write(to message: inout Taskwire__V1__AwaitInputReply, in arena: Arena) throws(TaskwireError) {
        unsafe message.task = try arena.message(task, "task")
        unsafe message.response = try arena.message(response, "response")
    }
}

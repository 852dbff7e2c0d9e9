internal import CTaskwireProtos
package import Taskwire

extension TaskOutcome: MessageReadable, MessageWritable {
    static let descriptor = unsafe MessageDescriptor(taskwire__v1__get_result_reply__init)

    init(_ message: Taskwire__V1__GetResultReply) throws(TaskwireError) {
        unsafe self.init(
            task: try TaskState.readRequired(message.task, "task"),
            result: try Payload.read(message.result, "result"),
            error: try TaskError.read(message.error, "error")
        )
    }

    func write(to message: inout Taskwire__V1__GetResultReply, in arena: Arena) throws(TaskwireError) {
        unsafe message.task = try arena.message(task, "task")
        message.has_result = hasResult ? 1 : 0
        unsafe message.result = try arena.message(result, "result")
        unsafe message.error = try arena.message(error, "error")
    }
}

internal import CTaskwireProtos
package import Taskwire

extension AwaitResultRequest: MessageReadable, MessageWritable {
    static let descriptor = unsafe MessageDescriptor(taskwire__v1__await_result_request__init)

    init(_ message: Taskwire__V1__AwaitResultRequest) throws(TaskwireError) {
        unsafe self.init(taskID: String(wire: message.task_id))
        waitMilliseconds = message.wait_ms
    }

    func write(to message: inout Taskwire__V1__AwaitResultRequest, in arena: Arena) throws(TaskwireError) {
        unsafe message.task_id = try arena.string(taskID, "task_id")
        message.wait_ms = waitMilliseconds
    }
}

internal import CTaskwireProtos
package import Taskwire

extension AwaitInputRequest: MessageReadable, MessageWritable {
    static let descriptor = unsafe MessageDescriptor(taskwire__v1__await_input_request__init)

    init(_ message: Taskwire__V1__AwaitInputRequest) throws(TaskwireError) {
        unsafe self.init(taskID: String(wire: message.task_id), key: String(wire: message.key))
        waitMilliseconds = message.wait_ms
    }

    func write(to message: inout Taskwire__V1__AwaitInputRequest, in arena: Arena) throws(TaskwireError) {
        unsafe message.task_id = try arena.string(taskID, "task_id")
        unsafe message.key = try arena.string(key, "key")
        message.wait_ms = waitMilliseconds
    }
}

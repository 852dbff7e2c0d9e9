internal import CTaskwireProtos
package import Taskwire

extension WaitMessageRequest: MessageReadable, MessageWritable {
    static let descriptor = unsafe MessageDescriptor(taskwire__v1__wait_message_request__init)

    init(_ message: Taskwire__V1__WaitMessageRequest) throws(TaskwireError) {
        unsafe self.init(taskID: String(wire: message.task_id))
        waitMilliseconds = message.wait_ms
    }

    func write(to message: inout Taskwire__V1__WaitMessageRequest, in arena: Arena) throws(TaskwireError) {
        unsafe message.task_id = try arena.string(taskID, "task_id")
        message.wait_ms = waitMilliseconds
    }
}

internal import CTaskwireProtos
package import Taskwire

extension CancelTaskRequest: MessageReadable, MessageWritable {
    static let descriptor = unsafe MessageDescriptor(taskwire__v1__cancel_task_request__init)

    init(_ message: Taskwire__V1__CancelTaskRequest) throws(TaskwireError) {
        unsafe self.init(
            taskID: String(wire: message.task_id),
            mode: CancelMode(wire: message.mode),
            statusMessage: message.status_message_oneof_case.member(String(wire: message.status_message))
        )
    }

    func write(to message: inout Taskwire__V1__CancelTaskRequest, in arena: Arena) throws(TaskwireError) {
        unsafe message.task_id = try arena.string(taskID, "task_id")
        message.mode = mode.wire
        if let statusMessage {
            message.status_message_oneof_case =
                TASKWIRE__V1__CANCEL_TASK_REQUEST__STATUS_MESSAGE_ONEOF_STATUS_MESSAGE
            unsafe message.status_message = try arena.string(statusMessage, "status_message")
        }
    }
}

internal import CTaskwireProtos
package import Taskwire

extension FailTaskRequest: MessageReadable, MessageWritable {
    static let descriptor = unsafe MessageDescriptor(taskwire__v1__fail_task_request__init)

    init(_ message: Taskwire__V1__FailTaskRequest) throws(TaskwireError) {
        unsafe self.init(
            taskID: String(wire: message.task_id),
            error: try TaskError.readRequired(message.error, "error"),
            statusMessage: message.status_message_oneof_case.member(String(wire: message.status_message)),
            leaseToken: [UInt8](wire: message.lease_token)
        )
    }

    func write(to message: inout Taskwire__V1__FailTaskRequest, in arena: Arena) throws(TaskwireError) {
        unsafe message.task_id = try arena.string(taskID, "task_id")
        message.lease_token = try arena.bytes(leaseToken)
        unsafe message.error = try arena.message(error, "error")
        if let statusMessage {
            message.status_message_oneof_case =
                TASKWIRE__V1__FAIL_TASK_REQUEST__STATUS_MESSAGE_ONEOF_STATUS_MESSAGE
            unsafe message.status_message = try arena.string(statusMessage, "status_message")
        }
    }
}

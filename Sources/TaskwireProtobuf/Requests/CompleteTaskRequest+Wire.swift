internal import CTaskwireProtos
package import Taskwire

extension CompleteTaskRequest: MessageReadable, MessageWritable {
    static let descriptor = unsafe MessageDescriptor(taskwire__v1__complete_task_request__init)

    init(_ message: Taskwire__V1__CompleteTaskRequest) throws(TaskwireError) {
        unsafe self.init(
            taskID: String(wire: message.task_id),
            result: try Payload.read(message.result, "result"),
            leaseToken: [UInt8](wire: message.lease_token)
        )
    }

    func write(to message: inout Taskwire__V1__CompleteTaskRequest, in arena: Arena) throws(TaskwireError) {
        unsafe message.task_id = try arena.string(taskID, "task_id")
        message.lease_token = try arena.bytes(leaseToken)
        unsafe message.result = try arena.message(result, "result")
    }
}

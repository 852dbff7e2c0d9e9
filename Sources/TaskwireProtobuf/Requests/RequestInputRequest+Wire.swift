internal import CTaskwireProtos
package import Taskwire

extension RequestInputRequest: MessageReadable, MessageWritable {
    static let descriptor = unsafe MessageDescriptor(taskwire__v1__request_input_request__init)

    init(_ message: Taskwire__V1__RequestInputRequest) throws(TaskwireError) {
        unsafe self.init(
            taskID: String(wire: message.task_id),
            key: String(wire: message.key),
            payload: try Payload.readRequired(message.payload, "payload"),
            leaseToken: [UInt8](wire: message.lease_token)
        )
    }

    func write(to message: inout Taskwire__V1__RequestInputRequest, in arena: Arena) throws(TaskwireError) {
        unsafe message.task_id = try arena.string(taskID, "task_id")
        message.lease_token = try arena.bytes(leaseToken)
        unsafe message.key = try arena.string(key, "key")
        unsafe message.payload = try arena.message(payload, "payload")
    }
}

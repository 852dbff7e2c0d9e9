internal import CTaskwireProtos
package import Taskwire

extension EnqueueMessageRequest: MessageReadable, MessageWritable {
    static let descriptor = unsafe MessageDescriptor(taskwire__v1__enqueue_message_request__init)

    init(_ message: Taskwire__V1__EnqueueMessageRequest) throws(TaskwireError) {
        unsafe self.init(
            taskID: String(wire: message.task_id),
            kind: try TaskMessage.Kind(wire: message.kind, "kind"),
            key: String(wire: message.key),
            payload: try Payload.readRequired(message.payload, "payload"),
            leaseToken: [UInt8](wire: message.lease_token)
        )
    }

    func write(to message: inout Taskwire__V1__EnqueueMessageRequest, in arena: Arena) throws(TaskwireError) {
        unsafe message.task_id = try arena.string(taskID, "task_id")
        message.lease_token = try arena.bytes(leaseToken)
        message.kind = kind.wire
        unsafe message.key = try arena.string(key, "key")
        unsafe message.payload = try arena.message(payload, "payload")
    }
}

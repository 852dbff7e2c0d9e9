internal import CTaskwireProtos
package import Taskwire

extension EnqueueMessageRequest: MessageReadable, MessageWritable {
    static let descriptor = MessageDescriptor(taskwire__v1__enqueue_message_request__init)

    init(_ message: Taskwire__V1__EnqueueMessageRequest) throws(TaskwireError) {
        self.init(
            taskID: String(wire: message.task_id),
            kind: try TaskMessage.Kind(wire: message.kind, "kind"),
            key: String(wire: message.key),
            payload: try Payload.readRequired(message.payload, "payload"),
            leaseToken: [UInt8](wire: message.lease_token)
        )
    }

    func write(to message: inout Taskwire__V1__EnqueueMessageRequest, in arena: Arena) throws(TaskwireError) {
        message.task_id = try arena.string(taskID, "task_id")
        message.lease_token = try arena.bytes(leaseToken)
        message.kind = kind.wire
        message.key = try arena.string(key, "key")
        message.payload = try arena.message(payload, "payload")
    }
}

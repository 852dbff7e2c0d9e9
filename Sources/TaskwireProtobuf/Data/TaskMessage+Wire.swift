internal import CTaskwireProtos
package import Taskwire

extension TaskMessage: MessageReadable, MessageWritable {
    static let descriptor = unsafe MessageDescriptor(taskwire__v1__message__init)

    init(_ message: Taskwire__V1__Message) throws(TaskwireError) {
        unsafe self.init(
            key: String(wire: message.key),
            kind: try Kind(wire: message.kind, "kind"),
            payload: try Payload.readRequired(message.payload, "payload"),
            enqueuedAt: Timestamp(millisecondsSince1970: message.enqueued_at_unix_ms)
        )
    }

    func write(to message: inout Taskwire__V1__Message, in arena: Arena) throws(TaskwireError) {
        unsafe message.key = try arena.string(key, "key")
        message.kind = kind.wire
        unsafe message.payload = try arena.message(payload, "payload")
        message.enqueued_at_unix_ms = enqueuedAt.millisecondsSince1970
    }
}

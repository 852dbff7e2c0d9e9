internal import CTaskwireProtos
package import Taskwire

extension InputRequest: MessageReadable, MessageWritable {
    static let descriptor = MessageDescriptor(taskwire__v1__input_request__init)

    init(_ message: Taskwire__V1__InputRequest) throws(TaskwireError) {
        self.init(
            key: String(wire: message.key),
            payload: try Payload.readRequired(message.payload, "payload")
        )
    }

    func write(to message: inout Taskwire__V1__InputRequest, in arena: Arena) throws(TaskwireError) {
        message.key = try arena.string(key, "key")
        message.payload = try arena.message(payload, "payload")
    }
}

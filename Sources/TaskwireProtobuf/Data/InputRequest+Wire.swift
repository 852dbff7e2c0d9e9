internal import CTaskwireProtos
package import Taskwire

extension InputRequest: MessageReadable, MessageWritable {
    static let descriptor = unsafe MessageDescriptor(taskwire__v1__input_request__init)

    init(_ message: Taskwire__V1__InputRequest) throws(TaskwireError) {
        unsafe self.init(
            key: String(wire: message.key),
            payload: try Payload.readRequired(message.payload, "payload")
        )
    }

    func write(to message: inout Taskwire__V1__InputRequest, in arena: Arena) throws(TaskwireError) {
        unsafe message.key = try arena.string(key, "key")
        unsafe message.payload = try arena.message(payload, "payload")
    }
}

internal import CTaskwireProtos
package import Taskwire

extension Payload: MessageReadable, MessageWritable {
    static let descriptor = unsafe MessageDescriptor(taskwire__v1__payload__init)

    init(_ message: Taskwire__V1__Payload) throws(TaskwireError) {
        unsafe self.init(
            data: [UInt8](wire: message.data),
            contentType: String(wire: message.content_type, common: Self.commonContentTypes)
        )
    }

    func write(to message: inout Taskwire__V1__Payload, in arena: Arena) throws(TaskwireError) {
        unsafe message.content_type = try arena.string(contentType, "content_type")
        message.data = try arena.bytes(data)
    }
}

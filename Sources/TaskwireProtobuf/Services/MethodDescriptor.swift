internal import CTaskwireProtos
package import Taskwire

/// One method of a service in `Protos/`.
package struct MethodDescriptor: Sendable {
    /// What a call names, such as `taskwire.v1.TaskService/GetTask`.
    package let fullName: String
    /// The name within its service, such as `GetTask`.
    package let name: String
    private let input: MessageDescriptor<ProtobufCMessage>

    init(_ method: ProtobufCMethodDescriptor, service: String) {
        name = unsafe String(cString: method.name)
        fullName = "\(service)/\(name)"
        input = unsafe MessageDescriptor(method.input)
    }

    /// The names of the fields of its request.
    package var requestFieldNames: [String] {
        let message = unsafe input.pointer.pointee
        return unsafe UnsafeBufferPointer(start: message.fields, count: Int(message.n_fields))
            .map { unsafe String(cString: $0.name) }
    }

    /// Checks that the bytes are an encoded request of this method, without reading it.
    /// - Throws: INVALID_ARGUMENT / MALFORMED_MESSAGE or INVALID_FIELD with the path of the field.
    package func checkBody(_ bytes: UnsafeRawBufferPointer) throws(TaskwireError) {
        try unsafe input.check(bytes)
    }
}

internal import CTaskwireProtos
internal import Taskwire

/// The generated description of the message type whose C struct is `Generated`.
///
/// `@unchecked Sendable` is safe: descriptors are constants of the generated C, never written, never freed.
@safe
struct MessageDescriptor<Generated>: @unchecked Sendable {
    let pointer: UnsafePointer<ProtobufCMessageDescriptor>

    /// The descriptor of the type that the generated function initializes. Swift reads C constants by value;
    /// their address is only to be had from an initialized struct.
    init(_ initialize: (UnsafeMutablePointer<Generated>?) -> Void) {
        let message = UnsafeMutablePointer<Generated>.allocate(capacity: 1)
        defer { unsafe message.deallocate() }
        unsafe initialize(message)
        unsafe pointer = UnsafeRawPointer(message).load(as: ProtobufCMessage.self).descriptor
    }

    /// The descriptor at `pointer`, of a type whose struct begins like `Generated`.
    init(_ pointer: UnsafePointer<ProtobufCMessageDescriptor>) {
        unsafe self.pointer = pointer
    }

    /// The type's name without its package.
    var name: String { unsafe String(cString: pointer.pointee.short_name) }

    /// Sets every field to its default.
    func initialize(_ message: UnsafeMutablePointer<Generated>) {
        let base = unsafe UnsafeMutableRawPointer(message).assumingMemoryBound(to: ProtobufCMessage.self)
        unsafe pointer.pointee.message_init(base)
    }

    /// Walks encoded bytes before they are unpacked.
    /// - Throws: INVALID_ARGUMENT / MALFORMED_MESSAGE or INVALID_FIELD with the path of the field.
    func check(_ bytes: UnsafeRawBufferPointer) throws(TaskwireError) {
        try unsafe WireCheck.check(bytes, as: pointer)
    }
}

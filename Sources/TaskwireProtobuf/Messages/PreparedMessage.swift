internal import CTaskwireProtos

/// A message that was built in an arena, with its encoded size. Valid until the arena is reset.
@safe
package struct PreparedMessage {
    /// How many bytes ``pack(into:)`` writes.
    package let byteCount: Int
    private let message: UnsafePointer<ProtobufCMessage>

    /// Wraps a generated struct, which begins with a `ProtobufCMessage`.
    init<Generated>(_ message: UnsafeMutablePointer<Generated>) {
        unsafe self.message = UnsafeRawPointer(message).assumingMemoryBound(to: ProtobufCMessage.self)
        byteCount = unsafe protobuf_c_message_get_packed_size(self.message)
    }

    /// The encoded message.
    package func packed() -> [UInt8] {
        unsafe [UInt8](unsafeUninitializedCapacity: byteCount) { buffer, count in
            unsafe pack(into: UnsafeMutableRawBufferPointer(buffer))
            count = byteCount
        }
    }

    /// Writes the encoded message to the front of `buffer`, which must have room for ``byteCount`` bytes.
    package func pack(into buffer: UnsafeMutableRawBufferPointer) {
        precondition(buffer.count >= byteCount, "the buffer is smaller than the message")
        _ = unsafe protobuf_c_message_pack(message, buffer.baseAddress?.assumingMemoryBound(to: UInt8.self))
    }
}

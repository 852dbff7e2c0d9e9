/// The envelope around a reply that succeeded, written without a struct of its own.
///
/// `Response { reply: Reply { body } }` is two fields with lengths before the body: protobuf-c would copy the body twice.
package struct RPCReplyFrame: Sendable {
    private let bodyByteCount: Int
    private let replyByteCount: Int

    /// The first field of `Response`, and the second of `Reply`, both length-delimited.
    private static let replyTag: UInt8 = 1 << 3 | 2
    private static let bodyTag: UInt8 = 2 << 3 | 2

    /// The envelope of a body of so many bytes.
    package init(bodyByteCount: Int) {
        self.bodyByteCount = bodyByteCount
        // An empty field is left out (proto3).
        replyByteCount = bodyByteCount == 0 ? 0 : 1 + Varint.byteCount(bodyByteCount) + bodyByteCount
    }

    /// Bytes of the whole message.
    package var byteCount: Int { 1 + Varint.byteCount(replyByteCount) + replyByteCount }

    /// Writes the envelope to the front of `message`, which has ``byteCount`` bytes. The body belongs behind it.
    /// - Returns: The offset of the body.
    package func write(to message: UnsafeMutableRawBufferPointer) -> Int {
        var offset = 0
        unsafe message[offset] = Self.replyTag
        offset += 1
        unsafe Varint.write(replyByteCount, to: message, at: &offset)
        guard bodyByteCount > 0 else { return offset }
        unsafe message[offset] = Self.bodyTag
        offset += 1
        unsafe Varint.write(bodyByteCount, to: message, at: &offset)
        return offset
    }
}

/// Numbers as Protobuf writes them.
enum Varint {
    /// The bytes that a number takes, which is 0 or more.
    static func byteCount(_ number: Int) -> Int {
        number < 0x80 ? 1 : (UInt64.bitWidth - UInt64(number).leadingZeroBitCount + 6) / 7
    }

    /// Writes a number, and moves `offset` behind it.
    static func write(_ number: Int, to bytes: UnsafeMutableRawBufferPointer, at offset: inout Int) {
        var rest = UInt64(number)
        while rest >= 0x80 {
            unsafe bytes[offset] = UInt8(truncatingIfNeeded: rest) | 0x80
            offset += 1
            rest >>= 7
        }
        unsafe bytes[offset] = UInt8(rest)
        offset += 1
    }
}

/// How nng's REQ writes to a stream, right or wrong.
///
/// Both ends begin with eight bytes that name their protocol. Then each message has a header with the length of its body
/// (and on ipc a byte before it), and the body begins with the number of the request, whose first bit is set.
struct Framing: Sendable {
    /// What a REQ says at first.
    static let greeting: [UInt8] = [0, 0x53, 0x50, 0, 0, 0x30, 0, 0]
    /// What a REP says at first.
    static let answeringGreeting: [UInt8] = [0, 0x53, 0x50, 0, 0, 0x31, 0, 0]

    /// What comes before a length.
    let prefix: [UInt8]

    /// The framing on a transport. Inside of TLS it is that of tcp.
    init(_ transport: Transport) {
        prefix = transport == .ipc ? [1] : []
    }

    /// The bytes of a header.
    var headerByteCount: Int { prefix.count + 8 }

    /// A header that claims a body of so many bytes.
    func header(_ byteCount: UInt64) -> [UInt8] {
        prefix + Self.bigEndian(byteCount)
    }

    /// A whole message with the number of a request.
    func message(_ content: [UInt8], number: UInt32) -> [UInt8] {
        header(UInt64(4 + content.count)) + Self.bigEndian(number | 1 << 31) + content
    }

    private static func bigEndian(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.bigEndian) { Array($0) }
    }
}

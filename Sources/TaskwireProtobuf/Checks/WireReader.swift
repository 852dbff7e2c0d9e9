/// Reads the framing of one encoded message from front to back, never past its end.
@safe
struct WireReader {
    /// Longest varint: 64 bits.
    private static let longestVarint = 10
    /// Longest tag or length that protobuf-c takes: 32 bits.
    private static let longestVarint32 = 5

    private let bytes: UnsafeRawBufferPointer
    private(set) var offset = 0

    init(_ bytes: UnsafeRawBufferPointer) {
        unsafe self.bytes = bytes
    }

    /// Whether everything was read.
    var isAtEnd: Bool { unsafe offset >= bytes.count }

    /// What the next field is.
    @inline(__always)
    mutating func tag() throws(WireFault) -> (field: UInt32, wireType: WireType) {
        // Every message's first 15 fields have a tag of one byte.
        if !isAtEnd, case let byte = unsafe bytes[offset], byte < 0x80, byte >> 3 > 0,
            let wireType = WireType(rawValue: byte & 7)
        {
            offset += 1
            return (UInt32(byte >> 3), wireType)
        }
        return try longTag()
    }

    private mutating func longTag() throws(WireFault) -> (field: UInt32, wireType: WireType) {
        let tag = try varint(longest: Self.longestVarint32)
        guard tag <= UInt32.max, tag >> 3 > 0 else { throw .malformed("malformed tag") }
        guard let wireType = WireType(rawValue: UInt8(truncatingIfNeeded: tag) & 7) else {
            let isGroup = tag & 7 == 3 || tag & 7 == 4
            throw .malformed(isGroup ? "groups are not supported" : "unknown wire type \(tag & 7)")
        }
        return (UInt32(truncatingIfNeeded: tag >> 3), wireType)
    }

    /// A number.
    mutating func varint() throws(WireFault) -> UInt64 {
        try varint(longest: Self.longestVarint)
    }

    @inline(__always)
    private mutating func varint(longest: Int) throws(WireFault) -> UInt64 {
        // Most have one byte: tags, lengths of short fields, flags.
        if !isAtEnd, case let byte = unsafe bytes[offset], byte < 0x80 {
            offset += 1
            return UInt64(byte)
        }
        return try longVarint(longest)
    }

    private mutating func longVarint(_ longest: Int) throws(WireFault) -> UInt64 {
        var value: UInt64 = 0
        for index in 0..<longest {
            guard !isAtEnd else { throw .malformed("truncated") }
            let byte = unsafe bytes[offset]
            offset += 1
            // The tenth byte has room for one bit.
            guard index < 9 || byte <= 1 else { break }
            value |= UInt64(byte & 0x7f) << UInt64(7 * index)
            if byte < 0x80 { return value }
        }
        throw .malformed("malformed varint")
    }

    /// A number of eight bytes.
    mutating func fixed64() throws(WireFault) -> UInt64 {
        unsafe UInt64(littleEndian: try take(8).loadUnaligned(as: UInt64.self))
    }

    /// The content of a length-delimited field.
    mutating func lengthDelimited() throws(WireFault) -> UnsafeRawBufferPointer {
        try unsafe take(try varint(longest: Self.longestVarint32))
    }

    /// Leaves out the content of a field.
    mutating func skip(_ wireType: WireType) throws(WireFault) {
        switch wireType {
        case .varint: _ = try varint()
        case .fixed64: _ = try unsafe take(8)
        case .lengthDelimited: _ = try unsafe lengthDelimited()
        case .fixed32: _ = try unsafe take(4)
        }
    }

    @inline(__always)
    private mutating func take(_ count: UInt64) throws(WireFault) -> UnsafeRawBufferPointer {
        guard unsafe count <= UInt64(bytes.count - offset) else { throw .malformed("truncated") }
        let start = offset
        offset += Int(truncatingIfNeeded: count)
        return unsafe UnsafeRawBufferPointer(rebasing: bytes[start..<offset])
    }
}

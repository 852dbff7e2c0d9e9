/// A task's id as it is kept: of a UUID, which most ids are, the 128 bits, in place of a text of 36 bytes elsewhere in memory.
///
/// Only the text that the bits would be written as is kept as bits, so that every id comes back as it was, and no id has two
/// forms.
enum CompactID: Sendable, Hashable {
    /// A UUID in lower case (RFC 9562).
    case uuid(high: UInt64, low: UInt64)
    /// Any other text.
    case text(String)

    private static let uuidByteCount = 36

    /// Keeps `text`.
    init(_ text: String) {
        let uuid = text.utf8.count == Self.uuidByteCount ? CompactID(uuid: text.utf8.span) : nil
        self = uuid ?? .text(text)
    }

    /// `nil` where the 36 bytes are no UUID in lower case.
    private init?(uuid text: Span<UInt8>) {
        let hyphen = UInt8(ascii: "-")
        guard text[8] == hyphen, text[13] == hyphen, text[18] == hyphen, text[23] == hyphen,
            let first = Self.number(text, 0, 4), let second = Self.number(text, 9, 14),
            let third = Self.number(text, 19, 24), let fourth = Self.number(text, 28, 32)
        else { return nil }
        self = .uuid(high: UInt64(first) << 32 | UInt64(second), low: UInt64(third) << 32 | UInt64(fourth))
    }

    /// The number of which four digits are at one offset, and four at another.
    private static func number(_ text: Span<UInt8>, _ first: Int, _ second: Int) -> UInt32? {
        let high = unsafe UInt32(
            bigEndian: text.bytes.unsafeLoadUnaligned(fromByteOffset: first, as: UInt32.self)
        )
        let low = unsafe UInt32(
            bigEndian: text.bytes.unsafeLoadUnaligned(fromByteOffset: second, as: UInt32.self)
        )
        return UInt32(hexadecimal: UInt64(high) << 32 | UInt64(low))
    }

    /// The id.
    var text: String {
        switch self {
        case .text(let text): text
        case .uuid(let high, let low): Self.text(high, low)
        }
    }

    private static func text(_ high: UInt64, _ low: UInt64) -> String {
        unsafe String(unsafeUninitializedCapacity: uuidByteCount) { text in
            let bytes = UnsafeMutableRawBufferPointer(text)
            func write(_ word: UInt64, at first: Int, _ second: Int) {
                let digits = UInt32(truncatingIfNeeded: word).hexadecimal
                let halves = (UInt32(truncatingIfNeeded: digits >> 32), UInt32(truncatingIfNeeded: digits))
                unsafe bytes.storeBytes(of: halves.0.bigEndian, toByteOffset: first, as: UInt32.self)
                unsafe bytes.storeBytes(of: halves.1.bigEndian, toByteOffset: second, as: UInt32.self)
            }
            write(high >> 32, at: 0, 4)
            write(high, at: 9, 14)
            write(low >> 32, at: 19, 24)
            write(low, at: 28, 32)
            let hyphen = UInt8(ascii: "-")
            unsafe (bytes[8], bytes[13], bytes[18], bytes[23]) = (hyphen, hyphen, hyphen, hyphen)
            return uuidByteCount
        }
    }
}

extension CompactID: Comparable {
    /// Orders as the texts are ordered.
    static func < (left: CompactID, right: CompactID) -> Bool {
        // As the hyphens are in the same places, and digits come before letters, two UUIDs are ordered as their numbers are.
        if case .uuid(let leftHigh, let leftLow) = left, case .uuid(let rightHigh, let rightLow) = right {
            return (leftHigh, leftLow) < (rightHigh, rightLow)
        }
        return left.text < right.text
    }
}

// All eight digits at once: every call that names a task comes here.
extension UInt32 {
    /// The number that is written as these 8 digits, of which a byte has one each, the first one in the highest; `nil` where
    /// they are not all digits or letters in lower case.
    fileprivate init?(hexadecimal digits: UInt64) {
        // The low half of the byte of a digit is its value, and that of a letter is 9 less than its value.
        let letters = digits >> 6 & 0x0101_0101_0101_0101
        var value = digits & 0x0F0F_0F0F_0F0F_0F0F + letters * 9
        value = (value | value >> 4) & 0x00FF_00FF_00FF_00FF
        value = (value | value >> 8) & 0x0000_FFFF_0000_FFFF
        self.init(truncatingIfNeeded: value | value >> 16)
        // Whatever else there was is not what the number is written as.
        guard hexadecimal == digits else { return nil }
    }

    fileprivate var hexadecimal: UInt64 {
        var values = UInt64(self)
        values = (values | values << 16) & 0x0000_FFFF_0000_FFFF
        values = (values | values << 8) & 0x00FF_00FF_00FF_00FF
        values = (values | values << 4) & 0x0F0F_0F0F_0F0F_0F0F
        let letters = (values + 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101
        return values + 0x3030_3030_3030_3030 + letters * UInt64(UInt8(ascii: "a") - UInt8(ascii: "0") - 10)
    }
}

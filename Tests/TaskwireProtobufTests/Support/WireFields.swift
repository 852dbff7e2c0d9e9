/// The top-level fields of an encoded message, read independently of the code under test.
struct WireFields {
    struct Field {
        let number: UInt64
        /// Of a varint or fixed-width field.
        var value: UInt64 = 0
        /// Of a length-delimited field.
        var content: [UInt8] = []

        var text: String { String(decoding: content, as: UTF8.self) }
    }

    private let bytes: [UInt8]
    private(set) var offset = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// All fields of a message that is known to be sound.
    static func all(of bytes: [UInt8]) -> [Field] {
        var fields = WireFields(bytes)
        return Array(sequence(state: ()) { _ in fields.next() })
    }

    mutating func next() -> Field? {
        guard offset < bytes.count else { return nil }
        let tag = varint()
        var field = Field(number: tag >> 3)
        switch tag & 7 {
        case 0: field.value = varint()
        case 1: offset += 8
        case 2:
            let count = Int(varint())
            field.content = Array(bytes[offset..<offset + count])
            offset += count
        default: offset += 4
        }
        return field
    }

    private mutating func varint() -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            let byte = bytes[offset]
            offset += 1
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { break }
        }
        return value
    }
}

extension [WireFields.Field] {
    /// The text of the first field with that number.
    func text(of number: UInt64) -> String {
        let field = first { $0.number == number }
        return field.map(\.text) ?? ""
    }

    /// The value of the first field with that number.
    func value(of number: UInt64) -> UInt64 {
        let field = first { $0.number == number }
        return field.map(\.value) ?? 0
    }
}

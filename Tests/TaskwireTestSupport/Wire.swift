/// Writes Protobuf by hand, right or wrong.
public enum Wire {
    /// A number as it stands in a tag, a length or a field.
    public static func varint(_ value: UInt64) -> [UInt8] {
        var rest = value
        var bytes: [UInt8] = []
        while rest >= 0x80 {
            bytes.append(UInt8(rest & 0x7f) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }

    /// A field of wire type 0.
    public static func number(_ field: UInt64, _ value: UInt64) -> [UInt8] {
        varint(field << 3) + varint(value)
    }

    /// A field of wire type 2: a message, or bytes.
    public static func field(_ field: UInt64, _ content: [UInt8]) -> [UInt8] {
        varint(field << 3 | 2) + varint(UInt64(content.count)) + content
    }

    /// A field of wire type 2: text.
    public static func text(_ field: UInt64, _ text: String) -> [UInt8] {
        self.field(field, Array(text.utf8))
    }
}

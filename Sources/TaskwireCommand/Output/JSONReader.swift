/// Reads JSON text (RFC 8259), strictly; numbers are kept as they are written.
struct JSONReader {
    /// The text is not JSON, or nested too deeply.
    struct Malformed: Error {}

    /// As Foundation has it.
    private static let maxDepth = 512

    private let bytes: [UInt8]
    private var position = 0
    private var depth = 0

    /// The value of a whole text.
    /// - Throws: ``Malformed``.
    static func value(of bytes: [UInt8]) throws(Malformed) -> JSONValue {
        guard String(validating: bytes, as: UTF8.self) != nil else { throw Malformed() }
        var reader = JSONReader(bytes: bytes)
        let value = try reader.value()
        guard reader.next == nil else { throw Malformed() }
        return value
    }

    private init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    /// The next byte that is no white space; it is not consumed.
    private var next: UInt8? {
        mutating get {
            while let byte = current, [0x20, 0x09, 0x0A, 0x0D].contains(byte) { position += 1 }
            return current
        }
    }

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard current == UInt8(ascii: scalar) else { return false }
        position += 1
        return true
    }

    private mutating func require(_ scalar: Unicode.Scalar) throws(Malformed) {
        guard take(scalar) else { throw Malformed() }
    }

    private mutating func value() throws(Malformed) -> JSONValue {
        switch next {
        case UInt8(ascii: "{"): return try nested { reader throws(Malformed) in try reader.object() }
        case UInt8(ascii: "["): return try nested { reader throws(Malformed) in try reader.array() }
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return try number()
        }
    }

    private mutating func nested(
        _ body: (inout JSONReader) throws(Malformed) -> JSONValue
    ) throws(Malformed) -> JSONValue {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.maxDepth else { throw Malformed() }
        return try body(&self)
    }

    private mutating func word(_ word: StaticString, _ value: JSONValue) throws(Malformed) -> JSONValue {
        let text = Array("\(word)".utf8)
        guard bytes[position...].starts(with: text) else { throw Malformed() }
        position += text.count
        return value
    }

    private mutating func array() throws(Malformed) -> JSONValue {
        try require("[")
        var values: [JSONValue] = []
        if next == UInt8(ascii: "]") {
            position += 1
            return .array(values)
        }
        while true {
            values.append(try value())
            _ = next
            if take("]") { return .array(values) }
            try require(",")
        }
    }

    private mutating func object() throws(Malformed) -> JSONValue {
        try require("{")
        var members: [String: JSONValue] = [:]
        if next == UInt8(ascii: "}") {
            position += 1
            return .object(members)
        }
        while true {
            _ = next
            let name = try string()
            _ = next
            try require(":")
            members[name] = try value()
            _ = next
            if take("}") { return .object(members) }
            try require(",")
        }
    }

    /// number = [ minus ] int [ frac ] [ exp ]
    private mutating func number() throws(Malformed) -> JSONValue {
        let start = position
        _ = take("-")
        // No zero stands before other digits.
        if !take("0") { try digits() }
        if take(".") { try digits() }
        if take("e") || take("E") {
            if !take("-") { _ = take("+") }
            try digits()
        }
        return .numeral(String(decoding: bytes[start..<position], as: UTF8.self))
    }

    /// One digit or more.
    private mutating func digits() throws(Malformed) {
        let start = position
        while let byte = current, UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte { position += 1 }
        guard position > start else { throw Malformed() }
    }

    private mutating func string() throws(Malformed) -> String {
        try require("\"")
        var text: [UInt8] = []
        while let byte = current {
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"): text += try escaped().utf8
            case 0..<0x20: throw Malformed()
            default: text.append(byte)
            }
        }
        throw Malformed()
    }

    /// What follows a backslash.
    private mutating func escaped() throws(Malformed) -> String {
        guard let byte = current else { throw Malformed() }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return String(UnicodeScalar(byte))
        case UInt8(ascii: "b"): return "\u{08}"
        case UInt8(ascii: "f"): return "\u{0C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return String(try escapedScalar())
        default: throw Malformed()
        }
    }

    private mutating func escapedScalar() throws(Malformed) -> Unicode.Scalar {
        let unit = try codeUnit()
        if let scalar = Unicode.Scalar(unit) { return scalar }
        // The first half of a pair, or half a character, which no text can have.
        guard unit < 0xDC00, take("\\"), take("u") else { throw Malformed() }
        let second = try codeUnit()
        guard 0xDC00...0xDFFF ~= second,
            let scalar = Unicode.Scalar(0x10000 + (unit - 0xD800) << 10 + (second - 0xDC00))
        else { throw Malformed() }
        return scalar
    }

    private mutating func codeUnit() throws(Malformed) -> UInt32 {
        let digits = bytes[position...].prefix(4)
        guard digits.count == 4, digits.allSatisfy({ UnicodeScalar($0).properties.isASCIIHexDigit }),
            let unit = UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
        else { throw Malformed() }
        position += 4
        return unit
    }
}

/// Any JSON.
enum JSONValue: Hashable, Sendable {
    case null
    case bool(Bool)
    /// A number as its text, which may have more digits than any type of Swift keeps.
    case numeral(String)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    /// A whole number.
    static func integer(_ value: some BinaryInteger) -> JSONValue {
        .numeral("\(value)")
    }

    /// A number; those that are whole have no decimals, and those that JSON cannot write are null.
    static func number(_ value: Double) -> JSONValue {
        guard value.isFinite else { return .null }
        return .numeral(Int64(exactly: value).map(String.init) ?? "\(value)")
    }
}

extension JSONValue: ExpressibleByDictionaryLiteral {
    init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(Dictionary(elements) { _, last in last })
    }
}

extension JSONValue: CustomStringConvertible {
    /// The value in one line of JSON text: members sorted by name, slashes as they are, and no character that a terminal
    /// or a reader of lines could take for anything else.
    var description: String {
        var text = ""
        write(to: &text)
        return text
    }

    private func write(to text: inout String) {
        switch self {
        case .null: text += "null"
        case .bool(let value): text += "\(value)"
        case .numeral(let value): text += value
        case .string(let value): Self.write(value, to: &text)
        case .array(let values):
            text += "["
            for (index, value) in values.enumerated() {
                if index > 0 { text += "," }
                value.write(to: &text)
            }
            text += "]"
        case .object(let members):
            text += "{"
            for (index, member) in members.sorted(by: { $0.key < $1.key }).enumerated() {
                if index > 0 { text += "," }
                Self.write(member.key, to: &text)
                text += ":"
                member.value.write(to: &text)
            }
            text += "}"
        }
    }

    private static func write(_ string: String, to text: inout String) {
        text += "\""
        // Nearly every string can be taken as it is.
        if string.utf8.allSatisfy({
            0x20...0x7E ~= $0 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\")
        }) {
            text += string
        } else {
            for scalar in string.unicodeScalars { write(scalar, to: &text) }
        }
        text += "\""
    }

    private static func write(_ scalar: Unicode.Scalar, to text: inout String) {
        switch scalar {
        case "\"", "\\":
            text += "\\\(scalar)"
        case "\n":
            text += "\\n"
        case "\r":
            text += "\\r"
        case "\t":
            text += "\\t"
        case _ where isTreacherous(scalar):
            let digits = String(scalar.value, radix: 16)
            text += "\\u" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
        default:
            text.unicodeScalars.append(scalar)
        }
    }

    /// Whether a character may steer a terminal, break a line, or change the direction of the text around it.
    private static func isTreacherous(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator: true
        default: scalar.properties.isBidiControl
        }
    }
}

internal import Logging
internal import Taskwire

/// One line of the log, before it is written.
struct LogRecord: Sendable {
    let time: Timestamp
    let level: Logger.Level
    let message: String
    let metadata: Logger.Metadata

    /// The line, with its end.
    func line(_ format: LogFormat) -> String {
        switch format {
        case .text: text + "\n"
        case .json: json + "\n"
        }
    }

    private var text: String {
        var text = "\(time) \(level.rawValue)"
        text += String(repeating: " ", count: max(0, 8 - level.rawValue.utf8.count))
        text += " \(PlainText.line(message))"
        for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
            text += " \(PlainText.line(key))=\(Self.field(value.description))"
        }
        return text
    }

    /// A value of `key=value`, in quotation marks where it could be taken for something else.
    private static func field(_ text: String) -> String {
        guard text.utf8.allSatisfy({ 0x20...0x7E ~= $0 && $0 != quote && $0 != backslash }) else {
            return PlainText.line(text.debugDescription)
        }
        let isPlain = text.utf8.allSatisfy { $0 != space && $0 != equals }
        return isPlain && !text.isEmpty ? text : "\"\(text)\""
    }

    private static let space = UInt8(ascii: " ")
    private static let quote = UInt8(ascii: "\"")
    private static let equals = UInt8(ascii: "=")
    private static let backslash = UInt8(ascii: "\\")

    private var json: String {
        var document: [String: JSONValue] = [
            "time": .string(time.description),
            "level": .string(level.rawValue),
            "message": .string(message),
        ]
        if !metadata.isEmpty {
            document["metadata"] = .object(metadata.mapValues(Self.value(of:)))
        }
        return JSONValue.object(document).description
    }

    private static func value(of metadata: Logger.Metadata.Value) -> JSONValue {
        switch metadata {
        case .string(let text): .string(text)
        case .stringConvertible(let value as any BinaryInteger): .integer(value)
        case .stringConvertible(let value as Double): .number(value)
        case .stringConvertible(let value): .string(value.description)
        case .array(let values): .array(values.map(value(of:)))
        case .dictionary(let values): .object(values.mapValues(value(of:)))
        }
    }
}

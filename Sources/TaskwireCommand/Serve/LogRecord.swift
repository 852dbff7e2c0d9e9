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
        let padding = String(repeating: " ", count: max(0, 8 - level.rawValue.count))
        let pairs = metadata.sorted { $0.key < $1.key }.map { key, value in
            let text = "\(value)"
            let isPlain = !text.isEmpty && text.allSatisfy { !$0.isWhitespace && $0 != "\"" && $0 != "=" }
            return PlainText.line(" \(key)=\(isPlain ? text : text.debugDescription)")
        }
        return "\(time) \(level.rawValue)\(padding) \(PlainText.line(message))\(pairs.joined())"
    }

    private var json: String {
        var document: [String: JSONValue] = [
            "time": .string(time.description),
            "level": .string(level.rawValue),
            "message": .string(message),
        ]
        if !metadata.isEmpty {
            document["metadata"] = .object(metadata.mapValues(Self.value(of:)))
        }
        // Strings and containers of strings have always a form in JSON.
        return (try? JSONValue.text(of: JSONValue.object(document))) ?? ""
    }

    private static func value(of metadata: Logger.Metadata.Value) -> JSONValue {
        switch metadata {
        case .string(let text): .string(text)
        case .stringConvertible(let value): .string(value.description)
        case .array(let values): .array(values.map(value(of:)))
        case .dictionary(let values): .object(values.mapValues(value(of:)))
        }
    }
}

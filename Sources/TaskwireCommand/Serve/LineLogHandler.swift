internal import Logging
internal import Taskwire

/// Writes a log in lines to standard error.
struct LineLogHandler: LogHandler {
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?

    private let format: LogFormat

    init(level: Logger.Level, format: LogFormat) {
        self.logLevel = level
        self.format = format
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var all = metadata
        all.merge(metadataProvider?.get() ?? [:]) { $1 }
        all.merge(event.metadata ?? [:]) { $1 }
        if let error = event.error { all["error"] = "\(error)" }
        let line =
            switch format {
            case .text: text(of: event, all)
            case .json: json(of: event, all)
            }
        // One write, so that lines of several threads do not mix.
        StandardError.write(line + "\n")
    }

    private func text(of event: LogEvent, _ metadata: Logger.Metadata) -> String {
        let level = event.level.rawValue
        let padding = String(repeating: " ", count: max(0, 8 - level.count))
        let pairs = metadata.sorted { $0.key < $1.key }.map { key, value in
            let text = "\(value)"
            let isPlain = !text.isEmpty && text.allSatisfy { !$0.isWhitespace && $0 != "\"" && $0 != "=" }
            return PlainText.line(" \(key)=\(isPlain ? text : text.debugDescription)")
        }
        return "\(Timestamp.now) \(level)\(padding) \(PlainText.line("\(event.message)"))\(pairs.joined())"
    }

    private func json(of event: LogEvent, _ metadata: Logger.Metadata) -> String {
        var document: [String: JSONValue] = [
            "time": .string(Timestamp.now.description),
            "level": .string(event.level.rawValue),
            "message": .string("\(event.message)"),
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

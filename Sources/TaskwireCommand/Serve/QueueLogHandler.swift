internal import Logging
internal import Taskwire

/// Hands what is logged to a ``LogWriter``.
struct QueueLogHandler: LogHandler {
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?

    private let writer: LogWriter

    init(level: Logger.Level, writer: LogWriter) {
        self.logLevel = level
        self.writer = writer
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        // Mostly only the line itself has any, which then need not be copied.
        var all = event.metadata ?? [:]
        all.merge(metadataProvider?.get() ?? [:]) { own, _ in own }
        all.merge(metadata) { own, _ in own }
        if let error = event.error { all["error"] = "\(error)" }
        writer.write(
            LogRecord(time: .now, level: event.level, message: event.message.description, metadata: all)
        )
    }
}

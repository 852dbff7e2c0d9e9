internal import Logging
internal import Taskwire

/// Tells who did what: what was created, ended, deleted or copied at the level info, what was not allowed at notice, and
/// every call at debug.
struct AuditLog: Sendable {
    private let logger: Logger
    private let complaints: ComplaintLog

    init(logger: Logger, complaints: ComplaintLog) {
        self.logger = logger
        self.complaints = complaints
    }

    /// True if it tells of every call.
    var tellsCalls: Bool { logger.logLevel <= .debug }

    /// True if it tells of events.
    var tellsEvents: Bool { logger.logLevel <= .info }

    /// A call was answered after `duration`: with `error`, or else well.
    func note(_ call: CallNote, event: AuditEvent?, error: TaskwireError?, duration: Duration) {
        if let error, Self.isRefusal(error) { complaints.note(refusalOf: call, error) }
        if let event, tellsEvents {
            var metadata = call.metadata
            if let taskID = event.taskID { metadata["task"] = .string(taskID) }
            logger.info("\(event.message)", metadata: metadata)
        }
        guard tellsCalls else { return }
        var metadata = call.metadata
        metadata["duration_ms"] = .stringConvertible(Double(duration.microseconds) / 1000)
        metadata["code"] = "\(error?.code.description ?? "OK")"
        if let error { metadata["reason"] = "\(error.reason.rawValue)" }
        logger.debug("call", metadata: metadata)
    }

    /// Whether a caller was kept from something that others may do.
    private static func isRefusal(_ error: TaskwireError) -> Bool {
        [.unauthenticated, .permissionDenied, .resourceExhausted].contains(error.code)
    }
}

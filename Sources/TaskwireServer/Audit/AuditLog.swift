internal import Logging
internal import Taskwire

/// Tells who did what: what was created, claimed, ended, deleted or copied, and what time has ended, at the level info; what
/// was not allowed at notice; every call, and each result that was read, at debug.
struct AuditLog: Sendable {
    private let logger: Logger
    private let complaints: ComplaintLog

    /// True if it tells of every call.
    let tellsCalls: Bool
    /// True if it tells of what changes.
    let tellsEvents: Bool

    init(logger: Logger, complaints: ComplaintLog) {
        self.logger = logger
        self.complaints = complaints
        tellsCalls = logger.logLevel <= .debug
        tellsEvents = logger.logLevel <= .info
    }

    /// A call was answered after `duration`: with `error`, or else well.
    func note(_ call: CallNote, event: AuditEvent?, error: TaskwireError?, duration: Duration) {
        if let error, Self.isRefusal(error) { complaints.note(refusalOf: call, error) }
        if let event { tell(event, call.metadata) }
        guard tellsCalls else { return }
        var metadata = call.metadata
        metadata["duration_ms"] = .stringConvertible(Double(duration.microseconds) / 1000)
        metadata["code"] = "\(error?.code.description ?? "OK")"
        if let error { metadata["reason"] = "\(error.reason.rawValue)" }
        logger.debug("call", metadata: metadata)
    }

    /// Time has changed a task.
    func note(_ change: ElapsedChange) {
        guard tellsEvents else { return }
        let owner = change.key.owner
        tell(AuditEvent.elapsed(change), owner.isEmpty ? [:] : ["owner": .string(owner)])
    }

    private func tell(_ event: AuditEvent, _ metadata: Logger.Metadata) {
        var metadata = metadata
        if let taskID = event.taskID { metadata["task"] = .string(taskID) }
        if let worker = event.worker { metadata["worker"] = .string(worker) }
        logger.log(level: event.level, "\(event.message)", metadata: metadata)
    }

    /// Whether a caller was kept from something that others may do.
    private static func isRefusal(_ error: TaskwireError) -> Bool {
        [.unauthenticated, .permissionDenied, .resourceExhausted].contains(error.code)
    }
}

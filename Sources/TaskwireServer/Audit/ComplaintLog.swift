internal import Logging
internal import Synchronization
internal import Taskwire
internal import TaskwireRPC

/// Logs what is wrong with peers and their calls: once per host or user, reason and second, so that nobody can fill the
/// log.
final class ComplaintLog: Sendable {
    /// Complaints within one second; more are counted.
    private static let maxComplaints = 256

    private struct Complaint: Hashable {
        var origin: String
        var reason: TaskwireError.Reason
    }

    private struct State {
        var second = ContinuousClock.now
        var complaints: Set<Complaint> = []
        var unloggedCount = 0
    }

    private let state = Mutex(State())
    private let logger: Logger

    init(logger: Logger) {
        self.logger = logger
    }

    /// A message that is none, that breaks a rule, or that there is no room for.
    func note(_ error: TaskwireError, from connection: Connection) {
        guard isNew(error, from: connection.origin) else { return }
        let metadata: Logger.Metadata = [
            "peer": "\(connection.peer)", "reason": "\(error.reason.rawValue)", "error": "\(error.message)",
        ]
        if error.code == .resourceExhausted {
            logger.notice("refused", metadata: metadata)
        } else {
            logger.warning("bad message", metadata: metadata)
        }
    }

    /// A call that was not allowed.
    func note(refusalOf call: CallNote, _ error: TaskwireError) {
        guard isNew(error, from: call.connection.origin) else { return }
        var metadata = call.metadata
        metadata["reason"] = "\(error.reason.rawValue)"
        logger.notice("refused", metadata: metadata)
    }

    private func isNew(_ error: TaskwireError, from origin: String) -> Bool {
        let (isNew, unloggedCount) = state.withLock { state in
            let now = ContinuousClock.now
            var unloggedCount = 0
            if now - state.second >= .seconds(1) {
                unloggedCount = state.unloggedCount
                state.second = now
                state.complaints.removeAll(keepingCapacity: true)
                state.unloggedCount = 0
            }
            let complaint = Complaint(origin: origin, reason: error.reason)
            let isNew =
                state.complaints.count < Self.maxComplaints && state.complaints.insert(complaint).inserted
            if !isNew { state.unloggedCount += 1 }
            return (isNew, unloggedCount)
        }
        if unloggedCount > 0 {
            logger.notice("more of the same", metadata: ["count": .stringConvertible(unloggedCount)])
        }
        return isNew
    }
}

internal import Logging
internal import Synchronization
internal import Taskwire

/// Logs what is wrong with peers and their calls: once per peer, reason and second, so that nobody can fill the log.
final class ComplaintLog: Sendable {
    /// Complaints that are remembered within one second; more are dropped.
    private static let maxComplaints = 1024

    private struct Complaint: Hashable {
        var peer: String
        var reason: TaskwireError.Reason
    }

    private struct State {
        var second = ContinuousClock.now
        var complaints: Set<Complaint> = []
    }

    private let state = Mutex(State())
    private let logger: Logger

    init(logger: Logger) {
        self.logger = logger
    }

    /// A message that is none, or breaks a rule.
    func note(_ error: TaskwireError, peer: String) {
        guard isFirst(error, peer) else { return }
        logger.warning(
            "bad message",
            metadata: ["peer": "\(peer)", "reason": "\(error.reason.rawValue)", "error": "\(error.message)"]
        )
    }

    /// A call that was not allowed.
    func note(refusalOf call: CallNote, _ error: TaskwireError) {
        guard isFirst(error, call.peer) else { return }
        var metadata = call.metadata
        metadata["reason"] = "\(error.reason.rawValue)"
        logger.notice("refused", metadata: metadata)
    }

    private func isFirst(_ error: TaskwireError, _ peer: String) -> Bool {
        state.withLock { state in
            let now = ContinuousClock.now
            if now - state.second >= .seconds(1) {
                state.second = now
                state.complaints.removeAll(keepingCapacity: true)
            }
            return state.complaints.count < Self.maxComplaints
                && state.complaints.insert(Complaint(peer: peer, reason: error.reason)).inserted
        }
    }
}

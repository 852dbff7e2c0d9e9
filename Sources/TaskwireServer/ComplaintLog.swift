internal import Logging
internal import Synchronization
internal import Taskwire

/// Logs what is wrong with the messages of a peer, once per peer and second, so that nobody can fill the log.
final class ComplaintLog: Sendable {
    /// Peers that are remembered within one second; the complaints about more are dropped.
    private static let maxPeers = 1024

    private struct State {
        var second = ContinuousClock.now
        var peers: Set<String> = []
    }

    private let state = Mutex(State())
    private let logger: Logger

    init(logger: Logger) {
        self.logger = logger
    }

    func note(_ error: TaskwireError, peer: String) {
        let isFirst = state.withLock { state in
            let now = ContinuousClock.now
            if now - state.second >= .seconds(1) {
                state.second = now
                state.peers.removeAll()
            }
            return state.peers.count < Self.maxPeers && state.peers.insert(peer).inserted
        }
        guard isFirst else { return }
        logger.warning(
            "bad message",
            metadata: ["peer": "\(peer)", "reason": "\(error.reason.rawValue)", "error": "\(error.message)"]
        )
    }
}

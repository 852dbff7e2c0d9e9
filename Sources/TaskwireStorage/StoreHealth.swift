internal import Logging
internal import Synchronization
internal import Taskwire

/// Tells the log when the store fails, now and then while it goes on, and when it works again.
final class StoreHealth: Sendable {
    private struct State {
        /// When each kind of fault was logged last.
        var logged: [TaskwireError.Reason: ContinuousClock.Instant] = [:]
        var isWriting = true
        /// When it was logged last that the store can be written again.
        var loggedWriting: ContinuousClock.Instant?
    }

    private static let interval = Duration.seconds(10)

    private let store: String
    private let logger: Logger
    private let state = Mutex(State())

    /// - Parameter store: Names it in the log; no password.
    init(store: String, logger: Logger) {
        self.store = store
        self.logger = logger
    }

    /// Takes note of a fault, and returns what callers are told of it.
    func note(_ fault: StoreFault, isWrite: Bool) -> TaskwireError {
        // That the store was closed is no fault of it.
        guard fault.error.reason != .stopping else { return fault.error }
        let isNews = state.withLock { state in
            if isWrite, fault.error.code == .unavailable { state.isWriting = false }
            let now = ContinuousClock.now
            if let last = state.logged[fault.error.reason], now - last < Self.interval { return false }
            state.logged[fault.error.reason] = now
            return true
        }
        if isNews {
            logger.error(
                "the store failed",
                metadata: [
                    "store": "\(store)",
                    "reason": "\(fault.error.reason.rawValue)",
                    "error": "\(fault.details)",
                    "advice": "\(fault.advice)",
                ]
            )
        }
        return fault.error
    }

    /// Something was written.
    func noteWrite() {
        let isNews = state.withLock { state in
            guard !state.isWriting else { return false }
            state.isWriting = true
            let now = ContinuousClock.now
            if let last = state.loggedWriting, now - last < Self.interval { return false }
            state.loggedWriting = now
            return true
        }
        if isNews { logger.info("the store can be written again", metadata: ["store": "\(store)"]) }
    }
}

internal import Taskwire

extension StoreFault {
    /// Of a Redis that did not do what it was asked.
    init(_ failure: RedisFailure) {
        switch failure {
        case .broken(let text), .unreachable(let text):
            self.init(
                error: .storeUnavailable(.storeUnreachable, "The store does not answer"),
                details: text,
                advice: "See whether Redis runs and can be reached; everything goes on by itself then."
            )
        case .unconfirmed(let text):
            self.init(
                error: .storeUnavailable(
                    .storeFailed,
                    "Fewer replicas of the store than have to confirmed the change; a failover may undo it"
                ),
                details: text,
                advice: "See whether the replicas of Redis run and keep up, or wait for fewer."
            )
        case .closed:
            self.init(error: .storeClosed, details: "the store is closed", advice: "Open it again.")
        case .refused(let text) where text.hasPrefix("OOM "):
            self.init(
                error: TaskwireError(
                    .resourceExhausted,
                    .storeFull,
                    "The store has no room; nothing was changed",
                    retryAfter: .seconds(1)
                ),
                details: text,
                advice:
                    "Give Redis more memory (maxmemory). Reads go on, and so do writes as soon as there is room."
            )
        case .refused(let text) where text.hasPrefix("MISCONF ") || text.hasPrefix("READONLY "):
            self.init(
                error: .storeUnavailable(.storeReadOnly, "The store cannot be written; nothing was changed"),
                details: text,
                advice: "See Redis's log: it cannot write its disk, or it is a replica."
            )
        case .refused(let text):
            self.init(
                error: .storeUnavailable(.storeFailed, "The store failed"),
                details: text,
                advice: "See what Redis says, and its log."
            )
        case .unexpected(let text):
            self.init(
                error: .storeUnavailable(.storeCorrupt, "What is stored of the task is damaged"),
                details: text,
                advice: "See which other program writes keys that begin with tw1: into this database."
            )
        }
    }
}

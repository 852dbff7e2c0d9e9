internal import Taskwire

/// Why the database could not do what it was asked.
struct StoreFault: Error {
    /// What callers are told: no path, and nothing of what is stored.
    let error: TaskwireError
    /// What the database said.
    let details: String
    /// What the operator can do.
    let advice: String
}

extension TaskwireError {
    /// The store was closed before.
    static var storeClosed: TaskwireError { TaskwireError(.unavailable, .stopping, "The store is closed") }

    /// The store cannot do it now; it may a little later.
    static func storeUnavailable(_ reason: Reason, _ message: String) -> TaskwireError {
        TaskwireError(.unavailable, reason, message, retryAfter: .seconds(1))
    }
}

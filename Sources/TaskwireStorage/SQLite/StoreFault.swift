internal import GRDB
internal import SystemPackage
internal import Taskwire

/// Why the database could not do what it was asked.
struct StoreFault: Error {
    /// What callers are told: no path, and nothing of what is stored.
    let error: TaskwireError
    /// What SQLite said.
    let details: String
    /// What the operator can do.
    let advice: String

    init(_ error: any Error) {
        details = String(describing: error)
        switch (error as? DatabaseError)?.resultCode {
        case .SQLITE_FULL,
            nil where error as? Errno == .noSpace:
            advice =
                "Make room on the volume of the store. Reads go on, and so do writes as soon as there is room."
            self.error = .unavailable(.storeFull, "The store has no room; nothing was changed")
        case .SQLITE_READONLY, .SQLITE_PERM:
            advice = "Make the file of the store and its folder writable, and see why they are not."
            self.error = .unavailable(.storeReadOnly, "The store cannot be written; nothing was changed")
        case .SQLITE_TOOBIG:
            advice = "Nothing; the caller was told."
            self.error = TaskwireError(
                .resourceExhausted,
                .tooLarge,
                "The task has more than 1 000 000 000 bytes"
            )
        case _ where (error as? DatabaseError)?.isDamage == true:
            advice = "Stop the server, keep a copy of the file, and restore a backup with `taskwire restore`."
            self.error = .unavailable(.storeCorrupt, "The store is damaged")
        case nil where error is StoredDataError:
            advice = "Stop the server, keep a copy of the file, and restore a backup with `taskwire restore`."
            self.error = .unavailable(.storeCorrupt, "What is stored of the task is damaged")
        case .SQLITE_BUSY:
            advice = "Another program has had the file of the store locked for seconds; end it."
            self.error = .unavailable(.storeFailed, "The store is locked; nothing was changed")
        default:
            advice = "See the system's log for faults of the disk."
            self.error = .unavailable(.storeFailed, "The store failed")
        }
    }
}

extension TaskwireError {
    fileprivate static func unavailable(_ reason: Reason, _ message: String) -> TaskwireError {
        TaskwireError(.unavailable, reason, message, retryAfter: .seconds(1))
    }
}

extension DatabaseError {
    /// Whether the file is not what SQLite wrote.
    var isDamage: Bool { [.SQLITE_CORRUPT, .SQLITE_NOTADB].contains(resultCode) }
}

internal import GRDB
internal import SystemPackage
internal import Taskwire

extension StoreFault {
    /// Of an error that a database of SQLite threw.
    init(_ error: any Error) {
        let details = String(describing: error)
        let refusal: TaskwireError
        let advice: String
        switch (error as? DatabaseError)?.resultCode {
        case .SQLITE_FULL,
            nil where error as? Errno == .noSpace || error is StoreFullError:
            advice =
                "Make room on the volume of the store, or delete tasks. Reads go on, and so do writes as soon as there is room."
            refusal = .storeUnavailable(.storeFull, "The store has no room; nothing was changed")
        case .SQLITE_READONLY, .SQLITE_PERM:
            advice = "Make the file of the store and its folder writable, and see why they are not."
            refusal = .storeUnavailable(.storeReadOnly, "The store cannot be written; nothing was changed")
        case .SQLITE_TOOBIG:
            advice = "Nothing; the caller was told."
            refusal = TaskwireError(
                .resourceExhausted,
                .tooLarge,
                "The task has more than 1 000 000 000 bytes"
            )
        case _ where (error as? DatabaseError)?.isDamage == true:
            advice = "Stop the server, keep a copy of the file, and restore a backup with `taskwire restore`."
            refusal = .storeUnavailable(.storeCorrupt, "The store is damaged")
        case nil where error is StoredDataError:
            advice = "Stop the server, keep a copy of the file, and restore a backup with `taskwire restore`."
            refusal = .storeUnavailable(.storeCorrupt, "What is stored of the task is damaged")
        case nil where error is StoreLostError:
            advice =
                "Put the file back where it was, or stop the server and restore a backup with `taskwire restore`."
            refusal = .storeUnavailable(
                .storeLost,
                "A file of the store was removed, moved or replaced; nothing can be stored"
            )
        case .SQLITE_BUSY:
            advice = "Another program has had the file of the store locked for seconds; end it."
            refusal = .storeUnavailable(.storeFailed, "The store is locked; nothing was changed")
        default:
            advice = "See the system's log for faults of the disk."
            refusal = .storeUnavailable(.storeFailed, "The store failed")
        }
        self.init(error: refusal, details: details, advice: advice)
    }
}

extension DatabaseError {
    /// Whether the file is not what SQLite wrote.
    var isDamage: Bool { [.SQLITE_CORRUPT, .SQLITE_NOTADB].contains(resultCode) }
}

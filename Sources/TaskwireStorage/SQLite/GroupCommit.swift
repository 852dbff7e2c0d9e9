internal import GRDB

/// Commits mutations that wait at the same time in one transaction, so that they share one `fsync`.
///
/// Each succeeds or fails by itself: one that is refused has written nothing, and when the database cannot write one
/// of them, or cannot commit, all of them are undone and run again in transactions of their own.
struct GroupCommit: Sendable {
    /// One mutation.
    struct Job: Sendable {
        /// Carries it out, and returns what tells its caller. That is called after the commit.
        let attempt: @Sendable (TaskTransaction) throws -> @Sendable () -> Void
        /// Tells the caller that the database failed.
        let fail: @Sendable (any Error) -> Void
    }

    /// Bounds how long the first of a group waits for the others.
    private static let maxJobs = 512
    /// Bounds what a transaction keeps in memory.
    private static let maxBytes = 8 << 20

    let codec: RecordCodec
    let cache: RecordCache
    let health: StoreHealth
    let room: StoreRoom
    let trimmer: LogTrimmer
    let maxTombstones: Int
    let time: StoreTime

    /// Runs jobs from `next`, at least one, in one transaction.
    func run(_ statements: WriterStatements, _ next: () -> Job?) {
        var jobs: [Job] = []
        do {
            let tellers = try commit(statements) { transaction in
                var tellers: [@Sendable () -> Void] = []
                while jobs.count < Self.maxJobs, transaction.byteCount < Self.maxBytes, let job = next() {
                    jobs.append(job)
                    tellers.append(try job.attempt(transaction))
                }
                return tellers
            }
            // They hold on to the store, which its callers may let go of as soon as they are told.
            jobs = []
            for tell in tellers { tell() }
        } catch {
            switch jobs.count {
            case 0:
                // Not even a transaction could be begun, and waiting for that once is enough for all.
                while let job = next() { job.fail(error) }
            case 1:
                jobs[0].fail(error)
            default:
                for job in jobs { runAlone(job, statements) }
            }
        }
    }

    private func runAlone(_ job: Job, _ statements: WriterStatements) {
        do {
            let tell = try commit(statements) { transaction in try job.attempt(transaction) }
            tell()
        } catch {
            job.fail(error)
        }
    }

    private func commit<Output>(
        _ statements: WriterStatements,
        _ body: (TaskTransaction) throws -> Output
    ) throws -> Output {
        try room.files.checkIfLost()
        let growthLimit = try room.growthLimit(statements.database)
        let transaction = TaskTransaction(statements, codec: codec, cache: cache, growthLimit: growthLimit)
        var output: Output?
        var clockLead: Int64?
        func run() throws {
            try statements.database.inTransaction(.immediate) {
                output = try body(transaction)
                try transaction.finish(maxTombstones: maxTombstones)
                // Only now, as a mutation or what it waited for may have shown that the wall clock was set.
                clockLead = time.unstoredLead
                if let clockLead { try statements.setClockLead.run(clockLead) }
                cache.forget(transaction.changes.keys)
                return .commit
            }
        }
        if growthLimit == nil {
            try run()
        } else {
            try SQLiteConnections.withoutOverwriting(statements.database, run)
        }
        // What went into a file without a name is not acknowledged.
        try room.files.check()
        cache.keep(transaction.changes)
        if let clockLead { time.noteStored(clockLead) }
        if transaction.hasUsedRoom { health.noteWrite() }
        trimmer.trimIfLarge()
        guard let output else { throw DatabaseError(resultCode: .SQLITE_ABORT) }
        return output
    }
}

internal import Dispatch
internal import GRDB
public import Logging
internal import Synchronization
public import Taskwire
internal import TaskwireProtobuf

/// Records in an SQLite file that survives whatever happens to the process or the machine.
///
/// A mutation returns after its transaction was synced to the disk (WAL, `synchronous=FULL`). Those that wait while a
/// transaction is being committed share the next one. Reads see every mutation that has returned: a task that was changed
/// lately is still in memory, and what else is read is read beside the writer on connections of its own.
///
/// One process at a time uses a file, whatever name it is opened by. What fails is told to callers as UNAVAILABLE with the
/// reason STORE_FULL, STORE_LOST, STORE_READ_ONLY, STORE_CORRUPT or STORE_FAILED, and to the log with advice; everything
/// goes on once the fault is gone. A full store still lets tasks be deleted.
public final class SQLiteStorage: TaskStorage {
    private typealias ReadJob = @Sendable (Database) -> Void

    let files: OpenStoreFiles
    let health: StoreHealth
    private let codec = RecordCodec()
    private let cache = RecordCache()
    private let writer: ConnectionQueue<WriterConnection, GroupCommit.Job>
    private let readers: ConnectionQueue<DatabaseQueue, ReadJob>
    private let time: StoreTime
    private let isStoringTime = Atomic(false)
    /// See ``TaskStorage/limits``.
    public let limits: TaskLimits
    let isClosed = Mutex(false)
    /// Held while the file is being closed, so that whoever closes it again waits for that.
    private let closing = Mutex(())

    /// Opens the store at `path`, or makes a new one, with permissions for its owner alone.
    /// - Parameters:
    ///   - path: The file. SQLite keeps two more beside it, `PATH-wal` and `PATH-shm`; none of the three may be copied
    ///     or moved alone while the store is open.
    ///   - limits: Those of the tasks; the storage keeps as many tombstones as they say.
    ///   - isChecked: Whether to look for damage first (`PRAGMA quick_check`), which reads the whole file.
    ///   - clock: The one that the engine goes by.
    ///   - logger: Told about faults of the disk.
    /// - Throws: FAILED_PRECONDITION / STORE_IN_USE where another process has it open, STORE_INCOMPATIBLE where a newer
    ///   version or another program made it; such a file is not changed. UNAVAILABLE / STORE_CORRUPT,
    ///   STORE_FAILED, and PERMISSION_DENIED where it is another user's.
    public init(
        path: String,
        limits: TaskLimits = TaskLimits(),
        isChecked: Bool = false,
        clock: any TaskClock = SystemTaskClock(),
        logger: Logger = Logger(label: "taskwire.store")
    ) async throws {
        let (files, connections) = try await runBlocking {
            let file = try StoreFile(path: path)
            do {
                let connections = try SQLiteConnections(file, isChecked: isChecked)
                return (OpenStoreFiles(file), connections)
            } catch {
                file.discard()
                throw error
            }
        }
        self.files = files
        self.limits = limits
        health = StoreHealth(store: "sqlite:\(path)", logger: logger)
        time = StoreTime(clock: clock, storedLead: connections.clockLead)
        let commit = GroupCommit(
            codec: codec,
            cache: cache,
            health: health,
            room: StoreRoom(files: files),
            trimmer: LogTrimmer(connections.writer, files),
            maxTombstones: max(0, limits.maxTombstones),
            time: time
        )
        writer = ConnectionQueue(connections: [connections.writer]) { statements, next in
            commit.run(statements, next)
        }
        readers = ConnectionQueue(connections: connections.readers) { db, next in
            while let job = next() { job(db) }
        }
    }

    deinit {
        guard !isClosed.withLock({ $0 }) else { return }
        // The last reference may be that of a job, whose connection cannot wait for itself.
        DispatchQueue.global().async { [files, readers, writer] in
            try? Self.close(readers, writer) { files.file.release() }
        }
    }

    /// `sqlite`.
    public static let kind = "sqlite"

    /// Waits for what is under way, and closes the file. Calls made later fail with UNAVAILABLE. Harmless when
    /// repeated.
    /// - Throws: UNAVAILABLE where the database fails to close; everything that was acknowledged is in the file.
    public func close() async throws {
        try await runBlocking { try self.closeNow { self.files.file.release() } }
    }

    /// Closes the file, and removes it where opening this storage made it and nothing was stored since: for a start that
    /// failed after this.
    package func discard() async {
        let counts = try? await counts()
        let isUnused = counts == TaskStorageCounts(tasks: 0, tombstones: 0)
        try? await runBlocking {
            try self.closeNow { if isUnused { self.files.file.discard() } else { self.files.file.release() } }
        }
    }

    private func closeNow(_ letGo: () -> Void) throws {
        try closing.withLock { _ in
            let isFirst = isClosed.withLock { isClosed in
                defer { isClosed = true }
                return !isClosed
            }
            if isFirst { try Self.close(readers, writer, letGo) }
        }
    }

    /// - Parameter letGo: Lets go of the file, which SQLite has closed.
    private static func close(
        _ readers: ConnectionQueue<DatabaseQueue, ReadJob>,
        _ writer: ConnectionQueue<WriterConnection, GroupCommit.Job>,
        _ letGo: () -> Void
    ) throws {
        defer { letGo() }
        let results = [Result { try readers.close() }, Result { try writer.close() }]
        do {
            for result in results { try result.get() }
        } catch {
            throw StoreFault(error).error
        }
    }

    // MARK: TaskStorage

    /// See ``TaskStorage/time(at:)``: that of the file, which outlasts the process.
    public func time(at instant: TaskInstant) -> TaskInstant {
        if time.unstoredLead(at: instant) != nil { storeTime() }
        return time.time(at: instant)
    }

    /// Stores how far the store's clock is ahead of the wall clock, which somebody has set, unless that is under way.
    private func storeTime() {
        guard !isStoringTime.exchange(true, ordering: .relaxed) else { return }
        let job = GroupCommit.Job { [self] _ in
            { self.isStoringTime.store(false, ordering: .relaxed) }
        } fail: { [self] error in
            isStoringTime.store(false, ordering: .relaxed)
            _ = health.note(StoreFault(error), isWrite: true)
        }
        if !writer.submit(job) { isStoringTime.store(false, ordering: .relaxed) }
    }

    /// See ``TaskStorage/read(_:)``.
    public func read(_ key: TaskKey) async throws -> TaskRecord? {
        try Self.check(owner: key.owner)
        if let task = cache.task(StoredKey(key)) {
            guard !isClosed.withLock({ $0 }) else { throw TaskwireError.storeClosed }
            return task.stored.record
        }
        return try await read { [codec] db in
            let statement = try db.cachedStatement(sql: TaskStatements.read)
            let rows = try Row.fetchCursor(statement, arguments: [key.owner, key.id])
            return try rows.next().map { try codec.record($0) }
        }
    }

    /// See ``TaskStorage/readNow(_:)``: tasks that were changed lately are at hand.
    public func readNow(_ key: TaskKey) -> NowOrLater<TaskRecord?> {
        guard let task = cache.task(StoredKey(key)), !isClosed.withLock({ $0 }) else { return .later }
        return .now(task.stored.record)
    }

    /// See ``TaskStorage/mutate(_:_:)``.
    public func mutate<Output: Sendable>(
        _ key: TaskKey,
        _ body: @escaping @Sendable (inout TaskRecord?, _ ownerTaskCount: Int) throws -> Output
    ) async throws -> Output {
        try Self.check(owner: key.owner)
        return try await withCheckedThrowingContinuation { continuation in
            let job = GroupCommit.Job { [health] transaction in
                let result: Result<Output, any Error>
                do {
                    result = try transaction.mutate(key, body).mapError { error in
                        // Others may make room in the same transaction.
                        error is StoreFullError ? health.note(StoreFault(error), isWrite: true) : error
                    }
                } catch let error as StoredDataError {
                    // The fault of this one task, and of nobody else in the transaction.
                    result = .failure(health.note(StoreFault(error), isWrite: false))
                }
                return { continuation.resume(with: result) }
            } fail: { [health] error in
                continuation.resume(throwing: health.note(StoreFault(error), isWrite: true))
            }
            if !writer.submit(job) { continuation.resume(throwing: TaskwireError.storeClosed) }
        }
    }

    /// See ``TaskStorage/page(_:)``.
    public func page(_ query: TaskStorageQuery) async throws -> [TaskRecord] {
        try Self.check(owner: query.owner)
        guard !query.statuses.isEmpty else { return [] }
        return try await read { [codec] db in
            let sql = TaskStatements.page(statusCount: query.statuses.count)
            var arguments: StatementArguments = [
                query.owner,
                query.after?.createdAt.millisecondsSince1970 ?? Int64.min,
                query.after?.id ?? "",
                query.limit,
            ]
            arguments += StatementArguments(query.statuses.map { Int64($0.wireNumber) })
            let rows = try Row.fetchCursor(db.cachedStatement(sql: sql), arguments: arguments)
            var records: [TaskRecord] = []
            while let row = try rows.next() { records.append(try codec.slimRecord(row)) }
            return records
        }
    }

    /// See ``TaskStorage/due(atOrBefore:limit:)``.
    public func due(atOrBefore moment: Timestamp, limit: Int) async throws -> [TaskKey] {
        try await read { db in
            let statement = try db.cachedStatement(sql: TaskStatements.due)
            let rows = try Row.fetchCursor(statement, arguments: [moment.millisecondsSince1970, limit])
            var keys: [TaskKey] = []
            while let row = try rows.next() { keys.append(TaskKey(owner: row[0], id: row[1])) }
            return keys
        }
    }

    /// See ``TaskStorage/counts()``.
    public func counts() async throws -> TaskStorageCounts {
        try await read { db in try TaskTransaction.storeCounts(db) }
    }

    private func read<Output: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Output
    ) async throws -> Output {
        try await withCheckedThrowingContinuation { continuation in
            let isTaken = readers.submit { [health] db in
                do {
                    continuation.resume(returning: try body(db))
                } catch {
                    continuation.resume(throwing: health.note(StoreFault(error), isWrite: false))
                }
            }
            if !isTaken { continuation.resume(throwing: TaskwireError.storeClosed) }
        }
    }

    /// SQLite would take the text only up to a NUL byte, and so one owner for another.
    private static func check(owner: String) throws(TaskwireError) {
        guard !owner.utf8.contains(0) else { throw .invalidField("owner", "contains a NUL byte") }
    }
}

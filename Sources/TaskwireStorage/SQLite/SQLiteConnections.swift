internal import FoundationEssentials
internal import GRDB
internal import GRDBSQLite
internal import Taskwire

/// The open connections to a store's file: one that writes, a few that read.
struct SQLiteConnections: Sendable {
    /// As many as can be of use while the writer has a core to itself.
    private static let readerCount = 2
    /// How long a connection waits for other programs that have the file locked, in seconds.
    private static let busyTimeout = 5.0
    /// Pages in the write-ahead log after which they are copied to the file: 32 MiB, so that pages which change often are
    /// copied seldom, and a start after a crash reads little.
    private static let checkpointPages = 8192
    private static let pageByteCount = 4096
    /// The same in bytes.
    static let checkpointByteCount = Int64(checkpointPages * pageByteCount)
    /// KiB of pages that a connection keeps in memory.
    private static let writerCache = 64 << 10
    private static let readerCache = 16 << 10

    let writer: WriterConnection
    let readers: [DatabaseQueue]
    /// How far the store's steady clock is ahead of the wall clock, in milliseconds.
    let clockLead: Int64

    /// Opens the file and brings its schema up to date.
    /// - Throws: FAILED_PRECONDITION / STORE_INCOMPATIBLE, UNAVAILABLE / STORE_CORRUPT, STORE_FULL,
    ///   STORE_READ_ONLY, STORE_FAILED.
    init(_ file: StoreFile, isChecked: Bool) throws(TaskwireError) {
        let path = file.path
        do {
            try Self.inspect(path, named: "The store \(path)", isChecked: isChecked)
            try file.protect()
            let writer = try DatabaseQueue(path: path, configuration: Self.writing)
            try SQLiteSchema.migrator.migrate(writer)
            clockLead = try writer.read { db in try Int64.fetchOne(db, sql: TaskStatements.clockLead) } ?? 0
            self.writer = try WriterConnection(writer)
            readers = try (0..<Self.readerCount).map { _ in
                try DatabaseQueue(path: path, configuration: Self.reading)
            }
        } catch let error as TaskwireError {
            throw error
        } catch {
            var failure = StoreFault(error).error
            failure.message = "Cannot open the store \(path): \(Self.sentence(error))"
            throw failure
        }
    }
}

extension SQLiteConnections {
    private static var writing: Configuration {
        var configuration = Configuration()
        configuration.label = "taskwire.writer"
        configuration.busyMode = .timeout(busyTimeout)
        configuration.foreignKeysEnabled = true
        configuration.prepareDatabase { db in
            try db.execute(
                sql: """
                    PRAGMA journal_mode = WAL;
                    PRAGMA synchronous = FULL;
                    PRAGMA wal_autocheckpoint = \(checkpointPages);
                    PRAGMA cache_size = -\(writerCache);
                    PRAGMA temp_store = MEMORY;
                    """
            )
        }
        return configuration
    }

    private static var reading: Configuration {
        var configuration = Configuration()
        configuration.label = "taskwire.reader"
        configuration.readonly = true
        configuration.busyMode = .timeout(busyTimeout)
        configuration.prepareDatabase { db in try db.execute(sql: "PRAGMA cache_size = -\(readerCache)") }
        return configuration
    }

    /// Another connection that reads.
    static func openReader(_ path: String) throws -> DatabaseQueue {
        try DatabaseQueue(path: path, configuration: reading)
    }

    /// Brings what is only in the log of a store into its file. What is damaged is left alone.
    static func foldLog(of path: String) throws {
        guard StoreFile.byteCount(path + "-wal") > 0 || StoreFile.byteCount(path + "-journal") > 0 else {
            return
        }
        do {
            let connection = try DatabaseQueue(path: path, configuration: writing)
            _ = try connection.writeWithoutTransaction { db in try db.checkpoint(.truncate) }
            try connection.close()
        } catch let error as DatabaseError where error.isDamage {
            return
        }
    }

    /// Copies the log of a store into its file and empties it, as far as other connections let it. Waits for none of them.
    static func emptyLog(of database: Database) {
        unsafe sqlite3_busy_timeout(database.sqliteConnection, 0)
        // A log that is in use is no failure, and what the disk cannot do the next commit tells.
        _ = try? database.checkpoint(.truncate)
        unsafe sqlite3_busy_timeout(database.sqliteConnection, Int32(busyTimeout * 1000))
    }

    /// The room in the file that removed tasks left.
    static func unusedByteCount(of database: Database) throws -> Int64 {
        let statement = try database.cachedStatement(sql: "PRAGMA freelist_count")
        return (try Int64.fetchOne(statement) ?? 0) * Int64(pageByteCount)
    }

    /// Runs `body`, in which what is removed is not overwritten where that would take room in the log.
    static func withoutOverwriting<Output>(_ database: Database, _ body: () throws -> Output) throws -> Output
    {
        let isOverwritten = try Int.fetchOne(database, sql: "PRAGMA secure_delete") == 1
        try database.execute(sql: "PRAGMA secure_delete = FAST")
        defer { if isOverwritten { try? database.execute(sql: "PRAGMA secure_delete = ON") } }
        return try body()
    }

    /// Looks at a file without changing it, and refuses one that is not ours, newer than this version, or damaged.
    /// - Parameters:
    ///   - name: What people call the file.
    ///   - mayBeEmpty: Whether a file in which nothing is stored is one of ours.
    static func inspect(_ path: String, named name: String, isChecked: Bool, mayBeEmpty: Bool = true) throws {
        try StoreFile.withoutNewCompanions(of: path) {
            let file = try DatabaseQueue(path: path, configuration: reading)
            defer { try? file.close() }
            try file.read { db in try check(db, named: name, isChecked: isChecked, mayBeEmpty: mayBeEmpty) }
        }
    }

    private static func check(
        _ db: Database,
        named name: String,
        isChecked: Bool,
        mayBeEmpty: Bool
    ) throws {
        let applicationID = try Int32.fetchOne(db, sql: "PRAGMA application_id")
        // The migrator makes its own table first, and may not have come any further.
        let tables = "SELECT count(*) FROM sqlite_schema WHERE tbl_name <> 'grdb_migrations'"
        let isEmpty = try Int.fetchOne(db, sql: tables) == 0
        guard mayBeEmpty || !isEmpty else { throw incompatible("\(name) is empty") }
        guard applicationID != BackupSeal.applicationID else {
            throw incompatible("\(name) is a backup; put it in the place of a store with `taskwire restore`")
        }
        guard applicationID == SQLiteSchema.applicationID || (applicationID == 0 && isEmpty) else {
            throw incompatible("\(name) is a database of another program")
        }
        if try SQLiteSchema.migrator.hasBeenSuperseded(db) {
            throw incompatible("\(name) was made by a newer version of Taskwire; use that version")
        }
        guard isChecked, let problem = try String.fetchOne(db, sql: "PRAGMA quick_check(1)") else {
            return
        }
        guard problem == "ok" else {
            throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: problem)
        }
    }

    private static func incompatible(_ message: String) -> TaskwireError {
        TaskwireError(.failedPrecondition, .storeIncompatible, message)
    }

    /// What went wrong, in a few words.
    static func sentence(_ error: any Error) -> String {
        (error as? DatabaseError)?.message ?? String(describing: error)
    }
}

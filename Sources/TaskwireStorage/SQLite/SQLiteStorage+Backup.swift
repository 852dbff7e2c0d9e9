internal import GRDB
internal import Synchronization
public import Taskwire

extension SQLiteStorage {
    /// What the writer shall have left on the volume beside a backup: room for its write-ahead log, twice.
    private static let reservedBytes: Int64 = 64 << 20

    /// See ``TaskStorage/backUp()``. The copy is beside the store, without a name once it is complete.
    ///
    /// It is a store without the room of removed tasks, sealed with a checksum, and made by a connection of
    /// its own so that reads and mutations go on. The write-ahead log cannot shrink meanwhile.
    /// - Throws: also `CancellationError`, soon after the Swift task is cancelled.
    public func backUp() async throws -> any StorageBackup {
        guard !isClosed.withLock({ $0 }) else { throw TaskwireError.storeClosed }
        do {
            let (connection, copy) = try await runBlocking { [files] in
                let path = files.file.path
                try files.check()
                let connection = try SQLiteConnections.openReader(path)
                // What was opened by its name is what the others have open.
                try files.check()
                return (connection, try TemporaryFile(replacing: path))
            }
            do {
                try await connection.writeWithoutTransaction { [files] db in
                    try Self.checkRoom(for: db, files.file)
                    try db.execute(sql: "VACUUM INTO ?", arguments: [copy.path])
                }
            } catch {
                copy.discard()
                throw error
            }
            return try await BackupFile(sealing: copy)
        } catch let error as CancellationError {
            throw error
        } catch {
            throw health.note(StoreFault(error), isWrite: false)
        }
    }

    /// Puts a backup in the place of the store at `path`, which nothing may have open. Whatever happens meanwhile, there
    /// is either the old store or the new one.
    /// - Parameters:
    ///   - backup: A file that came from ``backUp()``. It is only read.
    ///   - path: The file of the store; its folder is made where it is missing.
    ///   - isReplacing: Whether a store that is there already may go.
    /// - Returns: The size of the store in bytes.
    /// - Note: A backup without a seal, which an earlier version made, or the file of a store that was closed, is
    ///   checked as far as SQLite can (`PRAGMA quick_check`), and for its length.
    /// - Throws: ALREADY_EXISTS / STORE_EXISTS, and FAILED_PRECONDITION / STORE_IN_USE where another process has the store
    ///   open, STORE_INCOMPATIBLE where a newer version or another program made the backup, STORE_CORRUPT where it is
    ///   damaged, STORE_FAILED where it cannot be read; UNAVAILABLE / STORE_FAILED where the store cannot be written.
    public static func restore(_ backup: String, to path: String, isReplacing: Bool) async throws -> Int64 {
        try await runBlocking {
            try StoreRestoration(backup: backup, path: path).run(isReplacing: isReplacing)
        }
    }

    /// - Throws: SQLITE_FULL where a copy would take the room that the writer needs.
    private static func checkRoom(for db: Database, _ file: StoreFile) throws {
        let pages = try Int64.fetchOne(
            db,
            sql: "SELECT page_count - freelist_count FROM pragma_page_count, pragma_freelist_count"
        )
        let pageSize = try Int64.fetchOne(db, sql: "PRAGMA page_size")
        guard let pages, let pageSize, let room = try? file.room().free else { return }
        guard room >= pages * pageSize + reservedBytes else {
            throw DatabaseError(
                resultCode: .SQLITE_FULL,
                message: "a backup of \(pages * pageSize) bytes would leave too few of \(room) for the store"
            )
        }
    }
}

internal import GRDB
internal import SystemPackage

/// Keeps room on the volume of a store, so that tasks can be removed when it is full.
///
/// Whatever is written takes room in the log first, removals too, and once more in the file when the log is emptied, unless
/// there are pages that removed tasks left. So what makes the store grow is refused before it would take the room that
/// emptying the log and removing tasks need.
struct StoreRoom: Sendable {
    /// Enough for the removal of many tasks in one transaction, and to use the pages of removed tasks for the largest task.
    private static let largestReserve: Int64 = 16 << 20
    /// A small volume keeps one of so many parts free.
    private static let reservePart: Int64 = 8
    /// More than one transaction takes: with so much beside the reserve nothing needs to be counted.
    private static let plenty: Int64 = 64 << 20

    let files: OpenStoreFiles

    /// How many bytes the next transaction may add to the store; nil where there is room for any.
    func growthLimit(_ database: Database) throws -> Int64? {
        // Some file systems do not tell.
        guard let room = try? files.file.room(), room.total > 0 else { return nil }
        let reserve = min(Self.largestReserve, room.total / Self.reservePart)
        let spare = room.free - files.logByteCount
        guard spare < reserve + Self.plenty else { return nil }
        // A log that has as much room as is left may be emptied for it.
        if files.logByteCount > max(0, spare - reserve) / 2 {
            SQLiteConnections.emptyLog(of: database)
            try files.check()
        }
        return try limit(database, reserve)
    }

    private func limit(_ database: Database, _ reserve: Int64) throws -> Int64? {
        guard let free = try? files.file.room().free else { return nil }
        let spare = free - files.logByteCount
        let unused = try SQLiteConnections.unusedByteCount(of: database)
        return max(0, (spare - reserve) / 2, min(unused, spare - reserve / 2))
    }
}

/// The store has no room for what would make it grow.
struct StoreFullError: Error, CustomStringConvertible {
    var description: String { "the rest of the volume is kept for the removal of tasks" }
}

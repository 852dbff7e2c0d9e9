internal import Dispatch
internal import GRDB
internal import Synchronization

/// Gives back the room that the log of a store took while a reader kept it from being used again.
///
/// SQLite uses a log again from its beginning, but never makes it smaller.
final class LogTrimmer: Sendable {
    /// What the log may have: as much as there is when SQLite copies it into the file, and the largest transaction.
    private static let maxByteCount = SQLiteConnections.checkpointByteCount + (8 << 20)
    /// How long a reader is given to end before the next attempt.
    private static let interval = DispatchTimeInterval.seconds(1)

    private let connection: WriterConnection
    private let files: OpenStoreFiles
    private let isScheduled = Mutex(false)

    init(_ connection: WriterConnection, _ files: OpenStoreFiles) {
        self.connection = connection
        self.files = files
    }

    /// Makes sure that the log becomes smaller where it is too large. Called after each commit.
    func trimIfLarge() {
        guard files.logByteCount > Self.maxByteCount else { return }
        let isFirst = isScheduled.withLock { isScheduled in
            defer { isScheduled = true }
            return !isScheduled
        }
        guard isFirst else { return }
        DispatchQueue.global().asyncAfter(deadline: .now() + Self.interval) { [weak self] in
            self?.connection.submit { [weak self] statements in self?.trim(statements.database) }
        }
    }

    private func trim(_ database: Database) {
        isScheduled.withLock { $0 = false }
        SQLiteConnections.emptyLog(of: database)
        // Files that were lost are the next commit's to tell.
        guard (try? files.check()) != nil else { return }
        trimIfLarge()
    }
}

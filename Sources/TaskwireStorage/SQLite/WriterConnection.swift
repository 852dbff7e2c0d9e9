internal import GRDB
internal import Synchronization

/// The connection of a store that writes.
final class WriterConnection: QueuedConnection {
    private let queue: DatabaseQueue
    /// Nil once it is closed.
    private let statements: Mutex<WriterStatements?>

    /// A connection to a file whose schema is up to date.
    init(_ queue: DatabaseQueue) throws {
        self.queue = queue
        statements = Mutex(try queue.writeWithoutTransaction { db in try WriterStatements(db) })
    }

    func submit(_ body: @escaping @Sendable (WriterStatements) -> Void) {
        queue.asyncWriteWithoutTransaction { [self] _ in
            // Nothing is submitted to a connection that is being closed.
            if let statements = statements.withLock({ $0 }) { body(statements) }
        }
    }

    func close() throws {
        // A connection cannot be closed while it has a statement.
        queue.writeWithoutTransaction { _ in statements.withLock { $0 = nil } }
        try queue.close()
    }
}

internal import GRDB
internal import GRDBSQLite

/// A statement that a connection parses once and runs often.
///
/// GRDB parses it, and closes it when this goes. SQLite itself runs it: for statements as small as those of the writer, to
/// find them by their text and to box their arguments takes longer than all that SQLite does.
final class PreparedStatement {
    private let database: Database
    private let statement: Statement

    /// - Throws: What the database throws where it refuses the statement.
    init(_ sql: String, _ database: Database) throws {
        self.database = database
        statement = try database.makeStatement(sql: sql)
    }

    /// Runs the statement with these arguments.
    /// - Throws: `DatabaseError`
    func run<each Value: StatementValue>(_ values: repeat each Value) throws {
        defer { unsafe sqlite3_reset(statement.sqliteStatement) }
        try bind(repeat each values)
        while try step() {}
    }

    /// Runs a statement that adds a row, and returns whether there was none with the same unique columns yet.
    /// - Throws: `DatabaseError`
    func add<each Value: StatementValue>(_ values: repeat each Value) throws -> Bool {
        do {
            try run(repeat each values)
            return true
        } catch let error as DatabaseError where error.extendedResultCode == .SQLITE_CONSTRAINT_UNIQUE {
            return false
        }
    }

    /// The integer that begins the first row, or `nil` where there is no row.
    /// - Throws: `DatabaseError`
    func integer<each Value: StatementValue>(_ values: repeat each Value) throws -> Int64? {
        defer { unsafe sqlite3_reset(statement.sqliteStatement) }
        try bind(repeat each values)
        return try step() ? unsafe sqlite3_column_int64(statement.sqliteStatement, 0) : nil
    }

    private func bind<each Value: StatementValue>(_ values: repeat each Value) throws {
        var index: Int32 = 0
        for value in repeat each values {
            index += 1
            let code = unsafe value.bind(to: statement.sqliteStatement, at: index)
            guard code == SQLITE_OK else { throw failure(code) }
        }
    }

    /// Whether there is another row.
    private func step() throws -> Bool {
        switch unsafe sqlite3_step(statement.sqliteStatement) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        case let code: throw failure(code)
        }
    }

    private func failure(_ code: Int32) -> DatabaseError {
        DatabaseError(
            resultCode: ResultCode(rawValue: code),
            message: database.lastErrorMessage,
            sql: statement.sql
        )
    }
}

internal import GRDBSQLite

/// What can be an argument of a ``PreparedStatement``.
protocol StatementValue {
    /// Makes this the argument at `index`, counted from 1, of a statement that keeps a copy. Returns a result code of SQLite.
    func bind(to statement: OpaquePointer, at index: Int32) -> Int32
}

/// Makes SQLite copy what it is given.
private var copied: sqlite3_destructor_type {
    unsafe unsafeBitCast(OpaquePointer(bitPattern: -1), to: sqlite3_destructor_type.self)
}

extension Int64: StatementValue {
    func bind(to statement: OpaquePointer, at index: Int32) -> Int32 {
        unsafe sqlite3_bind_int64(statement, index, self)
    }
}

extension Int: StatementValue {
    func bind(to statement: OpaquePointer, at index: Int32) -> Int32 {
        unsafe Int64(self).bind(to: statement, at: index)
    }
}

extension Optional: StatementValue where Wrapped: StatementValue {
    func bind(to statement: OpaquePointer, at index: Int32) -> Int32 {
        switch self {
        case .some(let value): unsafe value.bind(to: statement, at: index)
        case .none: unsafe sqlite3_bind_null(statement, index)
        }
    }
}

extension String: StatementValue {
    func bind(to statement: OpaquePointer, at index: Int32) -> Int32 {
        // A pointer to no bytes may be nil, which SQLite takes for NULL.
        guard !isEmpty else { return unsafe sqlite3_bind_text(statement, index, "", 0, copied) }
        var text = self
        return text.withUTF8 { bytes in
            unsafe bytes.withMemoryRebound(to: CChar.self) { characters in
                unsafe sqlite3_bind_text64(
                    statement,
                    index,
                    characters.baseAddress,
                    UInt64(characters.count),
                    copied,
                    UInt8(SQLITE_UTF8)
                )
            }
        }
    }
}

extension [UInt8]: StatementValue {
    func bind(to statement: OpaquePointer, at index: Int32) -> Int32 {
        guard !isEmpty else { return unsafe sqlite3_bind_zeroblob(statement, index, 0) }
        return unsafe withUnsafeBytes { bytes in
            unsafe sqlite3_bind_blob64(statement, index, bytes.baseAddress, UInt64(bytes.count), copied)
        }
    }
}

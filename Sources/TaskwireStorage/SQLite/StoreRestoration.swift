internal import GRDB
internal import SystemPackage
internal import Taskwire

/// Puts a backup in the place of a store that nobody has open.
struct StoreRestoration {
    private static let chunkByteCount = 1 << 20

    /// The file of the backup, which is only read.
    let backup: String
    /// The file of the store.
    let path: String

    /// See ``SQLiteStorage/restore(_:to:isReplacing:)``.
    func run(isReplacing: Bool) throws -> Int64 {
        let source = try openBackup()
        defer { try? source.close() }
        let store = try StoreFile(path: path)
        do {
            let byteCount = try replace(store, with: source, isReplacing)
            store.release()
            return byteCount
        } catch {
            store.discard()
            throw error
        }
    }

    private func replace(_ store: StoreFile, with source: FileDescriptor, _ isReplacing: Bool) throws -> Int64
    {
        guard try store.isEmpty() || isReplacing else {
            throw TaskwireError(
                .alreadyExists,
                .storeExists,
                "There is a store at \(path) already"
            )
        }
        do {
            let copy = try TemporaryFile(replacing: path)
            do {
                try fill(copy, from: source)
                let byteCount = try check(copy)
                try replace(with: copy)
                return byteCount
            } catch {
                copy.discard()
                throw error
            }
        } catch let error as Errno {
            throw StoreFile.failure("write", path, error)
        } catch let error as DatabaseError {
            // The old store could not take in its log, and is as it was.
            let message = "Cannot write the store \(path): \(SQLiteConnections.sentence(error))"
            throw TaskwireError(.unavailable, .storeFailed, message)
        }
    }

    private func openBackup() throws(TaskwireError) -> FileDescriptor {
        // Beside a complete store there is neither, unless a program has it open or did not close it.
        for suffix in ["-wal", "-journal"] where StoreFile.byteCount(backup + suffix) > 0 {
            throw TaskwireError(
                .failedPrecondition,
                .storeInUse,
                "\(backup) is not complete without \(backup)\(suffix); restore what `taskwire backup` made"
            )
        }
        do {
            return try FileDescriptor.open(
                FilePath(backup),
                .readOnly,
                options: [.closeOnExec, .nonBlocking]
            )
        } catch {
            throw unreadable(error)
        }
    }

    private func unreadable(_ error: any Error) -> TaskwireError {
        TaskwireError(.failedPrecondition, .storeFailed, "Cannot read \(backup): \(error)")
    }

    private func fill(_ copy: TemporaryFile, from source: FileDescriptor) throws {
        while true {
            let chunk: [UInt8]
            do {
                let capacity = Self.chunkByteCount
                chunk = try unsafe [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
                    count = try unsafe source.read(into: UnsafeMutableRawBufferPointer(buffer))
                }
            } catch {
                throw unreadable(error)
            }
            guard !chunk.isEmpty else { return }
            try copy.write(chunk)
        }
    }

    /// Checks the copy and not the backup, which SQLite may want to write beside, or which may change meanwhile. Returns
    /// the size of the store that it is then.
    private func check(_ copy: TemporaryFile) throws -> Int64 {
        do {
            let byteCount = try BackupSeal.remove(from: copy.descriptor)
            try SQLiteConnections.inspect(copy.path, named: backup, isChecked: true, mayBeEmpty: false)
            return byteCount
        } catch let error as DatabaseError {
            throw TaskwireError(
                .failedPrecondition,
                .storeCorrupt,
                "\(backup) is not an intact store: \(SQLiteConnections.sentence(error))"
            )
        }
    }

    /// SQLite applies whatever log it finds beside a file, so the new file must never have the old one's log, and the
    /// old file must not lose its own. Therefore, with each step on the disk before the next one begins:
    ///
    /// 1. The copy is complete. A crash up to here leaves the old store as it was, and a file that is removed
    ///    when the store is opened.
    /// 2. The old file takes in its log, which SQLite does so that a crash harms neither. Where that fails, nothing is
    ///    replaced. Only where the old store is too damaged for it, which is a reason to restore one, the log is lost
    ///    with it.
    /// 3. The log goes. A crash after this leaves the old store, complete in its one file.
    /// 4. The copy takes the name of the old file, in one step: a crash leaves the one or the other, and no log.
    private func replace(with copy: TemporaryFile) throws {
        try copy.synchronize()
        try SQLiteConnections.foldLog(of: path)
        StoreFile.removeCompanions(of: path)
        try TemporaryFile.synchronizeFolder(of: path)
        try copy.takePlace()
    }
}

internal import FoundationEssentials
internal import Glibc
internal import SystemPackage
internal import Taskwire

/// The file of a store: for its owner alone, and in use by one process at a time.
struct StoreFile: Sendable {
    let path: String
    private let lock: FileLock

    /// Makes the file where it is missing, and its folder, and takes the lock `PATH.lock`.
    /// - Throws: FAILED_PRECONDITION / STORE_IN_USE where another process has the lock, UNAVAILABLE / STORE_FAILED where
    ///   the file is not to be had, PERMISSION_DENIED where it is another user's.
    init(path: String) throws(TaskwireError) {
        try self.init(locking: path)
        do throws(TaskwireError) {
            _ = try Self.look(at: path, isMade: true)
        } catch {
            release()
            throw error
        }
    }

    /// Makes the folder of the file where it is missing, takes the lock, and leaves the file itself alone.
    /// - Throws: as ``init(path:)``.
    init(locking path: String) throws(TaskwireError) {
        self.path = path
        try Self.makeFolder(of: path)
        let lock: FileLock?
        do throws(Errno) {
            lock = try FileLock(path: path + ".lock")
        } catch {
            throw Self.failure("lock", path, error)
        }
        guard let lock else {
            let message = "The store \(path) is in use by another process"
            throw TaskwireError(.failedPrecondition, .storeInUse, message)
        }
        self.lock = lock
        Self.removeCopies(of: path)
    }

    /// Closes the file to everybody but its owner, and so what SQLite makes beside it, which gets its permissions.
    /// - Throws: UNAVAILABLE / STORE_FAILED
    func protect() throws(TaskwireError) {
        guard unsafe chmod(path, 0o600) == 0 else {
            throw Self.failure("protect", path, Errno(rawValue: errno))
        }
    }

    /// Gives the lock back.
    func release() {
        lock.release()
    }

    /// Whether nothing was ever stored.
    /// - Throws: as ``init(path:)`` for what is not a file of this user.
    func isEmpty() throws(TaskwireError) -> Bool {
        // After a crash all there is may still be in the log.
        try Self.look(at: path, isMade: false) == 0 && Self.byteCount(path + "-wal") == 0
    }

    /// The size of a file; 0 where there is none.
    static func byteCount(_ path: String) -> Int64 {
        var status = stat()
        return unsafe stat(path, &status) == 0 ? Int64(status.st_size) : 0
    }

    /// Removes what SQLite keeps beside a file that nobody has open.
    static func removeCompanions(of path: String) {
        for suffix in ["-wal", "-shm", "-journal"] { unsafe unlink(path + suffix) }
    }

    /// Removes copies that a process did not finish. It had the lock, so nobody is making one.
    private static func removeCopies(of path: String) {
        let folder = FilePath(path).removingLastComponent()
        let store = FilePath(path).lastComponent?.string ?? ""
        let names = try? FileManager.default.contentsOfDirectory(atPath: folder.isEmpty ? "." : folder.string)
        for name in names ?? [] where TemporaryFile.isName(name, of: store) {
            unsafe unlink(folder.appending(name).string)
        }
    }

    private static func makeFolder(of path: String) throws(TaskwireError) {
        let folder = FilePath(path).removingLastComponent()
        var missing: [FilePath] = []
        var next = folder
        while !next.isEmpty, unsafe access(next.string, F_OK) != 0, missing.count < 64 {
            missing.append(next)
            next = next.removingLastComponent()
        }
        for folder in missing.reversed() where unsafe mkdir(folder.string, 0o700) != 0 && errno != EEXIST {
            throw failure("make the folder of", path, Errno(rawValue: errno))
        }
    }

    /// Refuses what is not a file of this user, and returns its size. A file that is not there is made, or has no bytes.
    private static func look(at path: String, isMade: Bool) throws(TaskwireError) -> Int64 {
        let flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK
        let descriptor = unsafe open(path, isMade ? flags | O_CREAT : flags, 0o600)
        if descriptor < 0, errno == ENOENT, !isMade { return 0 }
        guard descriptor >= 0 else { throw failure("open", path, Errno(rawValue: errno)) }
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else {
            throw failure("open", path, Errno(rawValue: errno))
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw TaskwireError(.failedPrecondition, .storeFailed, "The store \(path) is not a file")
        }
        guard status.st_uid == geteuid() else {
            throw TaskwireError(.permissionDenied, .storeFailed, "The store \(path) belongs to another user")
        }
        return Int64(status.st_size)
    }

    static func failure(_ action: String, _ path: String, _ error: Errno) -> TaskwireError {
        TaskwireError(.unavailable, .storeFailed, "Cannot \(action) the store \(path): \(error)")
    }
}

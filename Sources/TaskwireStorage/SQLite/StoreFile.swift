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
        do throws(TaskwireError) {
            try Self.makeFile(path)
        } catch {
            lock.release()
            throw error
        }
    }

    /// Gives the lock back.
    func release() {
        lock.release()
    }

    private static func makeFolder(of path: String) throws(TaskwireError) {
        let folder = FilePath(path).removingLastComponent()
        var missing: [FilePath] = []
        var next = folder
        while !next.isEmpty, access(next.string, F_OK) != 0, missing.count < 64 {
            missing.append(next)
            next = next.removingLastComponent()
        }
        for folder in missing.reversed() where mkdir(folder.string, 0o700) != 0 && errno != EEXIST {
            throw failure("make the folder of", path, Errno(rawValue: errno))
        }
    }

    /// SQLite gives what it keeps beside the file the permissions of the file.
    private static func makeFile(_ path: String) throws(TaskwireError) {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o600)
        guard descriptor >= 0 else { throw failure("open", path, Errno(rawValue: errno)) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw failure("open", path, Errno(rawValue: errno)) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw TaskwireError(.failedPrecondition, .storeFailed, "The store \(path) is not a file")
        }
        guard status.st_uid == geteuid() else {
            throw TaskwireError(.permissionDenied, .storeFailed, "The store \(path) belongs to another user")
        }
        guard status.st_mode & 0o077 == 0 || fchmod(descriptor, 0o600) == 0 else {
            throw failure("protect", path, Errno(rawValue: errno))
        }
    }

    private static func failure(_ action: String, _ path: String, _ error: Errno) -> TaskwireError {
        TaskwireError(.unavailable, .storeFailed, "Cannot \(action) the store \(path): \(error)")
    }
}

internal import FoundationEssentials
internal import Glibc
internal import Synchronization
internal import SystemPackage
internal import Taskwire

/// The file of a store: for its owner alone, and in use by one process at a time, whatever name it is opened by.
///
/// The lock is that of the file itself, so that it holds for a hard link and for a bind mount, too.
final class StoreFile: Sendable {
    /// The files that this process has locked. One of them must not even be opened again: closing any descriptor of a file
    /// ends the locks that SQLite has on it.
    private static let locked = Mutex<Set<FileIdentity>>([])
    /// What SQLite keeps beside a file.
    private static let companionSuffixes = ["-wal", "-shm", "-journal"]

    let path: String
    let identity: FileIdentity
    private let lock: FileLock
    /// Whether the file was not there before.
    private let isMade: Bool
    /// The folders that were not there before, the outermost first.
    private let madeFolders: [FilePath]

    /// Makes the file where it is missing, and its folder, and takes its lock.
    /// - Throws: FAILED_PRECONDITION / STORE_IN_USE where another process has the lock, UNAVAILABLE / STORE_FAILED where
    ///   the file is not to be had, PERMISSION_DENIED where it is another user's. Nothing is left behind then.
    init(path: String) throws(TaskwireError) {
        self.path = path
        madeFolders = try Self.makeFolder(of: path)
        do throws(TaskwireError) {
            (lock, identity, isMade) = try Self.locked.withLock { locked throws(TaskwireError) in
                try Self.openLocked(path, &locked)
            }
        } catch {
            Self.remove(madeFolders)
            throw error
        }
        TemporaryFile.removeAbandoned(for: path)
    }

    /// Closes the file to everybody but its owner, and so what SQLite makes beside it, which gets its permissions.
    /// - Throws: UNAVAILABLE / STORE_FAILED
    func protect() throws(TaskwireError) {
        guard fchmod(lock.descriptor.rawValue, 0o600) == 0 else {
            throw Self.failure("protect", path, Errno(rawValue: errno))
        }
    }

    /// Gives the lock back. SQLite must have closed the file.
    func release() {
        Self.locked.withLock { locked in
            locked.remove(identity)
            lock.release()
        }
    }

    /// Removes what opening the file made, and gives the lock back: for a start that failed. SQLite must have closed the
    /// file, and nothing may be stored in it.
    func discard() {
        if isMade, isInPlace {
            Self.removeCompanions(of: path)
            unsafe unlink(path)
        }
        release()
        Self.remove(madeFolders)
    }

    /// Whether its name still leads to the file.
    var isInPlace: Bool { FileIdentity(path: path) == identity }

    /// Whether nothing was ever stored.
    /// - Throws: UNAVAILABLE / STORE_FAILED
    func isEmpty() throws(TaskwireError) -> Bool {
        // After a crash all there is may still be in the log.
        try Self.status(of: lock.descriptor, path).st_size == 0 && Self.byteCount(path + "-wal") == 0
    }

    /// How much room the volume has: for this user, and in all, in bytes.
    /// - Throws: `Errno`
    func room() throws(Errno) -> (free: Int64, total: Int64) {
        var volume = statvfs()
        guard unsafe fstatvfs(lock.descriptor.rawValue, &volume) == 0 else { throw Errno(rawValue: errno) }
        let blockSize = Int64(volume.f_frsize)
        return (Int64(volume.f_bavail) * blockSize, Int64(volume.f_blocks) * blockSize)
    }

    /// The size of a file; 0 where there is none.
    static func byteCount(_ path: String) -> Int64 {
        var status = stat()
        return unsafe stat(path, &status) == 0 ? Int64(status.st_size) : 0
    }

    /// Removes what SQLite keeps beside a file that nobody has open.
    static func removeCompanions(of path: String) {
        for suffix in companionSuffixes { unsafe unlink(path + suffix) }
    }

    /// Runs `body`, which opens the file with SQLite and closes it, and removes what SQLite made beside it for that.
    static func withoutNewCompanions<Output>(of path: String, _ body: () throws -> Output) rethrows -> Output
    {
        let missing = companionSuffixes.map { path + $0 }.filter { FileIdentity(path: $0) == nil }
        defer { for path in missing { unsafe unlink(path) } }
        return try body()
    }

    static func failure(_ action: String, _ path: String, _ error: Errno) -> TaskwireError {
        failure(action, path, error.description)
    }

    private static func failure(_ action: String, _ path: String, _ reason: String) -> TaskwireError {
        TaskwireError(.unavailable, .storeFailed, "Cannot \(action) the store \(path): \(reason)")
    }

    // MARK: Opening

    private static func openLocked(
        _ path: String,
        _ locked: inout Set<FileIdentity>
    ) throws(TaskwireError) -> (FileLock, FileIdentity, isMade: Bool) {
        while true {
            if let identity = FileIdentity(path: path), locked.contains(identity) { throw inUse(path) }
            let (descriptor, isMade) = try open(path)
            do throws(TaskwireError) {
                let identity = try check(descriptor, path)
                let lock: FileLock?
                do throws(Errno) {
                    lock = try FileLock(of: descriptor)
                } catch {
                    throw failure("lock", path, error)
                }
                guard let lock else { throw inUse(path) }
                // Who had the lock before may have put another file in its place after it was opened here.
                if FileIdentity(path: path) == identity {
                    locked.insert(identity)
                    return (lock, identity, isMade)
                }
            } catch {
                if isMade, error.reason != .storeInUse { unsafe unlink(path) }
                try? descriptor.close()
                throw error
            }
            try? descriptor.close()
        }
    }

    /// Opens the file, and says whether it was not there.
    private static func open(_ path: String) throws(TaskwireError) -> (FileDescriptor, isMade: Bool) {
        while true {
            for isMade in [false, true] {
                let flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | (isMade ? O_CREAT | O_EXCL : 0)
                let descriptor = unsafe Glibc.open(path, flags, 0o600)
                if descriptor >= 0 { return (FileDescriptor(rawValue: descriptor), isMade) }
                let error = Errno(rawValue: errno)
                switch error {
                case .noSuchFileOrDirectory where !isMade: continue
                case .fileExists where isMade: continue
                case .tooManySymbolicLinkLevels: throw failure("open", path, symbolicLink(path))
                default: throw failure("open", path, error)
                }
            }
        }
    }

    /// Why a symbolic link is refused: SQLite names its log after the file that a link leads to, and so must everybody.
    private static func symbolicLink(_ path: String) -> String {
        let target = try? FileManager.default.destinationOfSymbolicLink(atPath: path)
        return "it is a symbolic link\(target.map { " to \($0)" } ?? ""); name the file itself"
    }

    /// Refuses what is not a file of this user.
    private static func check(_ descriptor: FileDescriptor, _ path: String) throws(TaskwireError)
        -> FileIdentity
    {
        let status = try status(of: descriptor, path)
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw TaskwireError(.failedPrecondition, .storeFailed, "The store \(path) is not a file")
        }
        guard status.st_uid == geteuid() else {
            throw TaskwireError(.permissionDenied, .storeFailed, "The store \(path) belongs to another user")
        }
        do throws(Errno) {
            return try FileIdentity(descriptor)
        } catch {
            throw failure("open", path, error)
        }
    }

    private static func status(of descriptor: FileDescriptor, _ path: String) throws(TaskwireError) -> stat {
        var status = stat()
        guard unsafe fstat(descriptor.rawValue, &status) == 0 else {
            throw failure("open", path, Errno(rawValue: errno))
        }
        return status
    }

    private static func inUse(_ path: String) -> TaskwireError {
        TaskwireError(.failedPrecondition, .storeInUse, "The store \(path) is in use by another process")
    }

    // MARK: Folders

    /// Makes the folder where it is missing, and returns those that were made.
    private static func makeFolder(of path: String) throws(TaskwireError) -> [FilePath] {
        var missing: [FilePath] = []
        var next = FilePath(path).removingLastComponent()
        while !next.isEmpty, unsafe access(next.string, F_OK) != 0, missing.count < 64 {
            missing.append(next)
            next = next.removingLastComponent()
        }
        var made: [FilePath] = []
        for folder in missing.reversed() {
            if unsafe mkdir(folder.string, 0o700) == 0 {
                made.append(folder)
            } else if errno != EEXIST {
                let error = Errno(rawValue: errno)
                remove(made)
                throw failure("make the folder of", path, error)
            }
        }
        return made
    }

    /// Removes folders that were made, as far as nobody put anything there.
    private static func remove(_ folders: [FilePath]) {
        for folder in folders.reversed() { unsafe rmdir(folder.string) }
    }
}

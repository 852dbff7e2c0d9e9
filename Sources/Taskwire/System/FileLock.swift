internal import Glibc
package import SystemPackage

/// An advisory lock on a file, which belongs to the file and not to one of its names. It is held until ``release()``
/// or the end of the process.
package struct FileLock: Sendable {
    /// The byte that is locked: past the end of any file, where nobody else locks anything. SQLite locks bytes near 1 GiB.
    private static let byte: off_t = 1 << 62

    /// The file, which stays open as long as the lock is held.
    package let descriptor: FileDescriptor
    /// The name of a file that exists for the lock alone.
    private let path: String?

    /// Takes the lock of an open file without waiting, and the descriptor with it. The file must be open for writing.
    /// - Returns: Nil when someone else has it, in this process or another. The caller closes the descriptor then, and
    ///   where this throws.
    package init?(of descriptor: FileDescriptor) throws(Errno) {
        guard try Self.lock(descriptor) else { return nil }
        self.descriptor = descriptor
        path = nil
    }

    /// Makes the file at `path`, which exists for the lock alone, and takes its lock without waiting. The file goes when
    /// the lock is released.
    /// - Returns: Nil when someone else has the lock.
    package init?(path: String) throws(Errno) {
        while true {
            let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
            guard descriptor >= 0 else { throw Errno(rawValue: errno) }
            let file = FileDescriptor(rawValue: descriptor)
            do throws(Errno) {
                guard try Self.lock(file) else {
                    Glibc.close(descriptor)
                    return nil
                }
                // Who had the lock before may have removed the file after it was opened here.
                if try FileIdentity(path: path) == FileIdentity(file) {
                    self.descriptor = file
                    self.path = path
                    return
                }
            } catch {
                Glibc.close(descriptor)
                throw error
            }
            Glibc.close(descriptor)
        }
    }

    /// Gives the lock back, and closes the file.
    package func release() {
        if let path { unsafe unlink(path) }
        // A child that was forked and has not begun its program yet has the descriptor, too, and so the lock.
        var range = Self.range(F_UNLCK)
        _ = unsafe fcntl(descriptor.rawValue, Self.setLock, &range)
        Glibc.close(descriptor.rawValue)
    }

    /// Returns whether the lock could be had.
    private static func lock(_ descriptor: FileDescriptor) throws(Errno) -> Bool {
        var range = range(F_WRLCK)
        if unsafe fcntl(descriptor.rawValue, setLock, &range) == 0 { return true }
        let error = Errno(rawValue: errno)
        guard error == .resourceTemporarilyUnavailable || error == .permissionDenied else { throw error }
        return false
    }

    private static func range(_ type: Int32) -> flock {
        var range = flock()
        range.l_type = Int16(type)
        range.l_whence = Int16(SEEK_SET)
        range.l_start = byte
        range.l_len = 1
        return range
    }

    /// F_OFD_SETLK, which Swift does not import: a lock of the open file, which, unlike one of the process, does not end when
    /// another descriptor of the file is closed.
    private static let setLock: Int32 = 37
}

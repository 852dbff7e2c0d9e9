internal import Glibc
package import SystemPackage

/// An advisory lock on a file, held until ``release()`` or the end of the process.
///
/// The file stays when the lock is released: removing it would let two processes lock two files of one name.
package struct FileLock: Sendable {
    private let descriptor: Int32

    /// Takes the lock without waiting; nil when someone else has it.
    package init?(path: String) throws(Errno) {
        let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw Errno(rawValue: errno) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let error = Errno(rawValue: errno)
            Glibc.close(descriptor)
            if error == .wouldBlock { return nil }
            throw error
        }
        self.descriptor = descriptor
    }

    /// Gives the lock back.
    package func release() {
        // A child that was forked and has not begun its program yet has the descriptor, too, and so the lock.
        flock(descriptor, LOCK_UN)
        Glibc.close(descriptor)
    }
}

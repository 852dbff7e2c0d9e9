internal import Glibc

/// An advisory lock on a file, held until ``release()`` or the end of the process.
///
/// The file stays when the lock is released: removing it would let two processes lock two files of one name.
struct FileLock: Sendable {
    private let descriptor: Int32

    /// Takes the lock without waiting; nil when someone else has it.
    init?(path: String) throws(TransportError) {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else {
            throw TransportError(errno: errno, action: "Opening the lock file \(path)")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let number = errno
            Glibc.close(descriptor)
            if number == EWOULDBLOCK { return nil }
            throw TransportError(errno: number, action: "Locking \(path)")
        }
        self.descriptor = descriptor
    }

    func release() {
        Glibc.close(descriptor)
    }
}

internal import Glibc
internal import Synchronization
internal import SystemPackage
internal import Taskwire

/// The file of a Unix-domain socket on which one server listens: the right to it, and what must not be there.
final class SocketFile: Sendable {
    private let lock: Mutex<FileLock?>

    /// Takes the path, whose folder is made when it is missing.
    /// - Throws: ``TransportError``: `addressInUse` when another server owns the path, `permissionDenied` and
    ///   `addressInvalid` when the folder or what is at the path cannot be used.
    init(path: String, address: Address, isForEverybody: Bool) throws(TransportError) {
        try SocketFolder(of: path, address: address).prepare(isForEverybody: isForEverybody)
        let lock: FileLock?
        do {
            lock = try FileLock(path: path + ".lock")
        } catch {
            throw TransportError(errno: error.rawValue, action: "Locking \(path).lock")
        }
        guard let lock else { throw .addressInUse(address) }
        self.lock = Mutex(lock)
        do throws(TransportError) {
            try Self.refuseForeignFile(at: path, address: address)
        } catch {
            lock.release()
            throw error
        }
    }

    /// Lets another server have the path. Harmless when repeated.
    func release() {
        lock.withLock { $0.take() }?.release()
    }

    /// The path may be free or hold the socket of a server that was killed, but nothing else.
    private static func refuseForeignFile(at path: String, address: Address) throws(TransportError) {
        var status = stat()
        guard unsafe lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw TransportError(
                code: .addressInvalid,
                message: "\(path) exists and is not a socket, so \(address) cannot be used."
            )
        }
    }
}

internal import Glibc

/// The folder of a Unix-domain socket.
struct SocketFolder {
    let path: String
    private let address: Address

    /// The folder of the socket at `path`, which `address` names.
    init(of path: String, address: Address) {
        let end = path.lastIndex(of: "/") ?? path.startIndex
        self.path = end == path.startIndex ? "/" : String(path[..<end])
        self.address = address
    }

    /// Makes the folder when it is missing, for its owner alone or for everybody to enter, and refuses one in /tmp
    /// that someone else could have put there.
    func prepare(isForEverybody: Bool) throws(TransportError) {
        if unsafe mkdir(path, 0o700) == 0 {
            // Whatever the umask says.
            if isForEverybody { unsafe chmod(path, 0o755) }
            return
        }
        guard errno == EEXIST else {
            throw TransportError(errno: errno, action: "Making the folder \(path) for \(address)")
        }
        if isForEverybody { try refuseClosed() }
        if path.hasPrefix("/tmp/") { try refuseForeign() }
    }

    /// Refuses a folder that the users for whom the socket is meant cannot enter.
    private func refuseClosed() throws(TransportError) {
        var status = stat()
        guard unsafe stat(path, &status) == 0, status.st_mode & S_IXOTH == 0 else { return }
        throw TransportError(
            code: .permissionDenied,
            message:
                "The folder \(path) of \(address) cannot be entered by other users, for whom the socket is "
                + "meant; let them in with chmod o+x."
        )
    }

    /// Refuses a folder of another user, who would decide who answers there.
    func refuseForeign() throws(TransportError) {
        var status = stat()
        guard unsafe lstat(path, &status) == 0 else {
            guard errno != ENOENT else {
                throw .unreachable("Connecting to \(address) failed: there is no folder \(path).")
            }
            throw TransportError(errno: errno, action: "Looking at the folder \(path) for \(address)")
        }
        guard status.st_uid == geteuid(), status.st_mode & S_IFMT == S_IFDIR else {
            throw TransportError(
                code: .permissionDenied,
                message: "The folder \(path) of \(address) belongs to another user."
            )
        }
    }
}

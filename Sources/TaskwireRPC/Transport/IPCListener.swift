internal import CNNG
internal import Glibc
internal import Synchronization
internal import SystemPackage
internal import Taskwire

/// Listens on a Unix-domain socket, and goes on doing so.
///
/// A listener of nng 1.5.2 for ipc accepts nobody any more after one client that connects and closes at
/// once. So there are generations of listeners: each listens on a private path and is then renamed to the
/// public one. When nng has counted an error of the newest, the next takes its place; the former one stays
/// until its last connection has gone, or until a client shows that connected when it was dead already: closing
/// the listener makes its clients connect again. A file lock makes sure that one server owns the path.
final class IPCListener: Sendable {
    private struct Generation {
        let listener: nng_listener
        let privatePath: String
        /// How often it was looked at since the next one took over.
        var looks = 0
    }

    private struct State {
        /// Nil once the path is withdrawn.
        var current: Generation?
        var retired: [Generation] = []
        var stranded = StrandedConnections()
    }

    let address: Address

    private let path: String
    private let folder: String
    private let lock: FileLock
    private let socket: nng_socket
    private let isForEverybody: Bool
    /// Told the number of each listener before it can have connections.
    private let onOpening: @Sendable (UInt32) -> Void
    private let state: Mutex<State>

    /// Numbers the private paths of this process.
    private static let generationCount = Atomic<UInt64>(0)

    /// Starts to listen; for every user of the machine, or for that of this process alone.
    ///
    /// - Throws: ``TransportError``: `addressInUse` when another server owns the path, `permissionDenied` and
    ///   `addressInvalid` when the folder or what is at the path cannot be used.
    init(
        path: String,
        socket: nng_socket,
        isForEverybody: Bool,
        onOpening: @escaping @Sendable (UInt32) -> Void
    ) throws(TransportError) {
        address = Address(.ipc(path: path))
        self.path = path
        self.socket = socket
        self.isForEverybody = isForEverybody
        self.onOpening = onOpening
        let folder = SocketFolder(of: path, address: address)
        self.folder = folder.path
        try folder.prepare(isForEverybody: isForEverybody)
        guard let lock = try Self.takeLock(path + ".lock") else {
            throw TransportError(
                code: .addressInUse,
                message: "Another server is already listening on \(address)."
            )
        }
        self.lock = lock
        do throws(TransportError) {
            try Self.refuseForeignFile(at: path, address: address)
            let first = try Self.openGeneration(
                folder: folder.path,
                path: path,
                socket: socket,
                isForEverybody: isForEverybody,
                address: address,
                onOpening: onOpening
            )
            state = Mutex(State(current: first))
        } catch {
            lock.release()
            throw error
        }
    }

    private static func takeLock(_ path: String) throws(TransportError) -> FileLock? {
        do {
            return try FileLock(path: path)
        } catch {
            throw TransportError(errno: error.rawValue, action: "Locking \(path)")
        }
    }

    /// Looks whether the newest listener may have died, and closes old ones that have no use any more.
    ///
    /// - Parameters:
    ///   - statistics: A look at nng's counters.
    ///   - hasIdleContexts: Whether nng reads requests as they come.
    ///   - connectionCount: How many connections a listener has.
    /// - Returns: The numbers of the listeners that were closed.
    func inspect(
        _ statistics: TransportStatistics,
        hasIdleContexts: Bool,
        connectionCount: (UInt32) -> Int
    ) -> [UInt32] {
        let isSuspect = state.withLock { state in
            guard let current = state.current else { return false }
            return statistics.listenerErrors[current.listener.id, default: 0] > 0
        }
        if isSuspect {
            replaceCurrent()
        }
        let abandoned = state.withLock { state in
            var stranded: Set<String> = []
            if hasIdleContexts {
                stranded = state.stranded.find(at: Set(state.retired.map(\.privatePath)))
            } else {
                state.stranded.forget()
            }
            // The first look leaves time for clients that were on their way when the next one took over.
            let abandoned = state.retired.filter { generation in
                stranded.contains(generation.privatePath)
                    || generation.looks > 0 && connectionCount(generation.listener.id) == 0
            }
            let closing = Set(abandoned.map(\.listener.id))
            state.retired.removeAll { closing.contains($0.listener.id) }
            for index in state.retired.indices {
                state.retired[index].looks += 1
            }
            return abandoned
        }
        for generation in abandoned {
            nng_listener_close(generation.listener)
        }
        return abandoned.map(\.listener.id)
    }

    /// Takes the socket file away, so that nobody new can connect. Connections stay.
    func withdraw() {
        let wasCurrent = state.withLock { state in
            guard let current = state.current else { return false }
            state.retired.append(current)
            state.current = nil
            return true
        }
        if wasCurrent {
            unsafe unlink(path)
        }
    }

    /// Lets another server have the path. The listeners themselves go with nng's socket.
    func release() {
        withdraw()
        lock.release()
    }

    private func replaceCurrent() {
        // When there are no descriptors or no memory left the next look tries again.
        let next = try? Self.openGeneration(
            folder: folder,
            path: path,
            socket: socket,
            isForEverybody: isForEverybody,
            address: address,
            onOpening: onOpening
        )
        guard let next else { return }
        let isTooLate = state.withLock { state in
            guard let current = state.current else { return true }
            state.retired.append(current)
            state.current = next
            return false
        }
        if isTooLate {
            unsafe unlink(path)
            nng_listener_close(next.listener)
        }
    }

    private static func openGeneration(
        folder: String,
        path: String,
        socket: nng_socket,
        isForEverybody: Bool,
        address: Address,
        onOpening: (UInt32) -> Void
    ) throws(TransportError) -> Generation {
        let number = generationCount.add(1, ordering: .relaxed).newValue
        let privatePath = (folder == "/" ? "" : folder) + "/gen-\(getpid())-\(number)"
        guard privatePath.utf8.count <= Address.maximumPathLength else {
            throw TransportError(
                code: .addressInvalid,
                message: "The folder of \(address) has too long a name: the server needs a second socket in "
                    + "it, and a socket's path may have \(Address.maximumPathLength) bytes."
            )
        }
        let action = "Listening on \(address)"
        var listener = nng_listener()
        var result = unsafe nng_listener_create(&listener, socket, "ipc://\(privatePath)")
        guard result == 0 else { throw TransportError(result: result, action: action) }
        onOpening(listener.id)
        // Set before nng lets anyone connect.
        result = unsafe nng_listener_set_int(
            listener,
            NNG_OPT_IPC_PERMISSIONS,
            isForEverybody ? 0o666 : 0o600
        )
        if result == 0 {
            result = nng_listener_start(listener, 0)
        }
        guard result == 0 else {
            nng_listener_close(listener)
            throw TransportError(result: result, action: action)
        }
        guard unsafe rename(privatePath, path) == 0 else {
            let number = errno
            nng_listener_close(listener)
            throw TransportError(errno: number, action: action)
        }
        return Generation(listener: listener, privatePath: privatePath)
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

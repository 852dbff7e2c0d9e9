internal import Glibc

/// Finds connections that a dead ipc listener of nng has accepted but will never read from.
///
/// nng 1.5.2 goes on shaking hands after such a listener has died, so a client that connects before the next
/// one takes over believes that all is well. What betrays its connection is a request that stays unread, or
/// a hang-up that nobody notices but the poller, which then spins. nng has no name for such a connection, so
/// it is looked for among the descriptors of this process.
struct StrandedConnections {
    private struct Suspicion {
        let unreadBytes: Int32
        var looks = 0
    }

    /// By inode.
    private var suspicions: [UInt: Suspicion] = [:]

    /// How many looks in a row must find the same. nng reads at once while it has idle contexts, but the whole
    /// process may have been short of time.
    private static let requiredLooks = 10

    /// Looks once, and returns those of `paths`, the private paths of listeners, that have stranded connections.
    mutating func find(at paths: Set<String>) -> Set<String> {
        var found: Set<String> = []
        var remaining: [UInt: Suspicion] = [:]
        defer { suspicions = remaining }
        guard !paths.isEmpty, let folder = unsafe opendir("/proc/self/fd") else { return [] }
        defer { unsafe closedir(folder) }
        while let entry = unsafe readdir(folder) {
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard let descriptor = Int32(name),
                let path = Self.localPath(of: descriptor), paths.contains(path),
                let (inode, unreadBytes) = Self.unattendedState(of: descriptor)
            else { continue }
            var suspicion = suspicions[inode] ?? Suspicion(unreadBytes: unreadBytes)
            if suspicion.unreadBytes != unreadBytes {
                suspicion = Suspicion(unreadBytes: unreadBytes)
            }
            suspicion.looks += 1
            if suspicion.looks < Self.requiredLooks {
                remaining[inode] = suspicion
            } else {
                found.insert(path)
            }
        }
        return found
    }

    /// The inode and the unread bytes of a socket that has something to read or was hung up; nil for others.
    private static func unattendedState(of descriptor: Int32) -> (inode: UInt, unreadBytes: Int32)? {
        var status = stat()
        var unreadBytes: Int32 = 0
        var poller = pollfd(fd: descriptor, events: 0, revents: 0)
        var accepts: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        guard unsafe fstat(descriptor, &status) == 0,
            unsafe getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &accepts, &length) == 0, accepts == 0,
            unsafe ioctl(descriptor, UInt(FIONREAD), &unreadBytes) == 0,
            unsafe poll(&poller, 1, 0) >= 0, unreadBytes > 0 || poller.revents & Int16(POLLHUP) != 0
        else { return nil }
        return (UInt(status.st_ino), unreadBytes)
    }

    /// Lets go of all suspicions.
    mutating func forget() {
        suspicions = [:]
    }

    /// The path that a Unix-domain socket, or the one that accepted it, was bound to.
    private static func localPath(of descriptor: Int32) -> String? {
        var name = sockaddr_un()
        var length = socklen_t(MemoryLayout<sockaddr_un>.size)
        let result = unsafe withUnsafeMutablePointer(to: &name) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe getsockname(descriptor, $0, &length)
            }
        }
        guard result == 0, name.sun_family == sa_family_t(AF_UNIX) else { return nil }
        let pathLength = Int(length) - MemoryLayout<sa_family_t>.size
        guard pathLength > 0 else { return nil }
        return unsafe withUnsafeBytes(of: &name.sun_path) { bytes in
            unsafe String(decoding: bytes.prefix(pathLength).prefix { $0 != 0 }, as: UTF8.self)
        }
    }
}

internal import Glibc
package import SystemPackage

/// A file itself, whatever its names: the device that holds it, and its number there.
package struct FileIdentity: Hashable, Sendable {
    private let device: dev_t
    private let number: ino_t

    /// The file at `path`; a symbolic link is itself, wherever it leads. Nil where nothing is there.
    package init?(path: String) {
        guard let found = Self.find(path) else { return nil }
        self = found.identity
    }

    /// The file at `path`, as ``init(path:)`` finds it, and its size.
    package static func find(_ path: String) -> (identity: FileIdentity, byteCount: Int64)? {
        var status = stat()
        guard unsafe lstat(path, &status) == 0 else { return nil }
        return (FileIdentity(status), Int64(status.st_size))
    }

    /// The file that is open.
    package init(_ descriptor: FileDescriptor) throws(Errno) {
        var status = stat()
        guard unsafe fstat(descriptor.rawValue, &status) == 0 else { throw Errno(rawValue: errno) }
        self.init(status)
    }

    private init(_ status: stat) {
        device = status.st_dev
        number = status.st_ino
    }
}

internal import Glibc
package import SystemPackage

/// The content of a file on which security depends, and who else may read and change it.
package struct ConfidentialFile: Sendable {
    /// What is in it.
    package let bytes: [UInt8]
    /// Whether everybody may read it.
    package let isReadableByOthers: Bool
    /// Whether its group or everybody may write to it, or it belongs to somebody else than this user or root.
    package let isWritableByOthers: Bool

    /// Reads the file.
    /// - Throws: `Errno.fileTooLarge` above `maximumByteCount`, and what opening and reading throw.
    package init(path: String, maximumByteCount: Int) throws(Errno) {
        do {
            let descriptor = try FileDescriptor.open(FilePath(path), .readOnly, options: [.closeOnExec])
            defer { try? descriptor.close() }
            var status = stat()
            guard unsafe fstat(descriptor.rawValue, &status) == 0 else { throw Errno(rawValue: errno) }
            isReadableByOthers = status.st_mode & S_IROTH != 0
            isWritableByOthers =
                status.st_mode & (S_IWGRP | S_IWOTH) != 0 || ![0, geteuid()].contains(status.st_uid)
            bytes = try Self.readAll(descriptor, maximumByteCount)
        } catch let error as Errno {
            throw error
        } catch {
            // System calls have no other errors.
            throw .ioError
        }
    }

    private static func readAll(_ descriptor: FileDescriptor, _ maximumByteCount: Int) throws -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = try unsafe chunk.withUnsafeMutableBytes { try unsafe descriptor.read(into: $0) }
            guard count > 0 else { return bytes }
            bytes += chunk.prefix(count)
            guard bytes.count <= maximumByteCount else { throw Errno.fileTooLarge }
        }
    }
}

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

    /// A reason for which a file cannot be read.
    package enum Fault: Error, CustomStringConvertible {
        /// It is a pipe, a folder or a device. Reading one could take for ever.
        case notRegular
        /// It has more bytes than it may have.
        case tooLarge(maximumByteCount: Int)
        /// The system refuses.
        case system(Errno)

        package var description: String {
            switch self {
            case .notRegular: "it is not a regular file"
            case .tooLarge(let count): "it has more than \(count) bytes"
            case .system(let error): "\(error)"
            }
        }
    }

    /// Reads the file, which has to be a regular one or a symbolic link to one. Never waits for another process.
    package init(path: String, maximumByteCount: Int) throws(Fault) {
        do {
            // Opening a pipe would wait for somebody who writes to it.
            let descriptor = try FileDescriptor.open(
                FilePath(path),
                .readOnly,
                options: [.closeOnExec, .nonBlocking]
            )
            defer { try? descriptor.close() }
            var status = stat()
            guard unsafe fstat(descriptor.rawValue, &status) == 0 else { throw Errno(rawValue: errno) }
            guard status.st_mode & S_IFMT == S_IFREG else { throw Fault.notRegular }
            isReadableByOthers = status.st_mode & S_IROTH != 0
            isWritableByOthers =
                status.st_mode & (S_IWGRP | S_IWOTH) != 0 || ![0, geteuid()].contains(status.st_uid)
            bytes = try Self.readAll(descriptor, maximumByteCount)
        } catch let fault as Fault {
            throw fault
        } catch {
            // System calls have no other errors.
            throw .system(error as? Errno ?? .ioError)
        }
    }

    private static func readAll(_ descriptor: FileDescriptor, _ maximumByteCount: Int) throws -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = try unsafe chunk.withUnsafeMutableBytes { try unsafe descriptor.read(into: $0) }
            guard count > 0 else { return bytes }
            bytes += chunk.prefix(count)
            guard bytes.count <= maximumByteCount else {
                throw Fault.tooLarge(maximumByteCount: maximumByteCount)
            }
        }
    }
}

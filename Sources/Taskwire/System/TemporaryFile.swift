internal import FoundationEssentials
internal import Glibc
package import SystemPackage

/// A new file, for its owner alone, that may take the place of another one when it is complete.
///
/// It is beside the other one, as only there a name can be given to another file in one step. It is locked, so that one
/// that a process left behind can be told from one that is in use, see ``removeAbandoned(for:)``.
package struct TemporaryFile: Sendable {
    /// Its name until it takes its place.
    package let path: String
    /// What is open for reading and writing until the last call.
    package let descriptor: FileDescriptor
    private let destination: String

    private static let infix = ".taskwire-copy-"
    private static let digitCount = 16
    private static let journalSuffix = "-journal"

    /// Makes an empty file to replace the one at `destination`, whether that is there or not.
    package init(replacing destination: String) throws(Errno) {
        self.destination = destination
        while true {
            let path = Self.makePath(for: destination)
            let number = unsafe open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
            guard number >= 0 else { throw Errno(rawValue: errno) }
            let descriptor = FileDescriptor(rawValue: number)
            do throws(Errno) {
                // Someone who removes abandoned files may have seen it before it was locked.
                if try FileLock(of: descriptor) != nil, FileIdentity(path: path) != nil {
                    self.path = path
                    self.descriptor = descriptor
                    return
                }
            } catch {
                unsafe unlink(path)
                Glibc.close(number)
                throw error
            }
            Glibc.close(number)
        }
    }

    /// Removes the temporary files for `destination` that processes left behind, with the journals that SQLite keeps
    /// beside them.
    package static func removeAbandoned(for destination: String) {
        let folder = FilePath(destination).removingLastComponent()
        let name = FilePath(destination).lastComponent?.string ?? ""
        let names = try? FileManager.default.contentsOfDirectory(atPath: folder.isEmpty ? "." : folder.string)
        for found in names ?? [] {
            guard let file = fileName(in: found, of: name) else { continue }
            let path = folder.appending(file).string
            let descriptor = unsafe open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
            if descriptor >= 0 {
                defer { Glibc.close(descriptor) }
                guard (try? FileLock(of: FileDescriptor(rawValue: descriptor))) != nil else { continue }
                unsafe unlink(path)
            } else if errno != ENOENT {
                continue
            }
            unsafe unlink(path + journalSuffix)
        }
    }

    /// The name of the temporary file for `destinationName` that `name` is, or the journal of.
    ///
    /// Such files are removed unasked, so that nothing that a user would name by chance may match.
    private static func fileName(in name: String, of destinationName: String) -> String? {
        let prefix = destinationName + infix
        guard name.hasPrefix(prefix) else { return nil }
        var digits = name.dropFirst(prefix.count)
        if digits.hasSuffix(journalSuffix) { digits = digits.dropLast(journalSuffix.count) }
        let isOurs = digits.count == digitCount && digits.allSatisfy { "0123456789abcdef".contains($0) }
        return isOurs ? prefix + digits : nil
    }

    private static func makePath(for destination: String) -> String {
        let digits = String(UInt64.random(in: .min ... .max), radix: 16)
        return destination + infix + String(repeating: "0", count: digitCount - digits.count) + digits
    }

    /// Appends all of `bytes`.
    package func write(_ bytes: [UInt8]) throws {
        try descriptor.writeAll(bytes)
    }

    /// Returns when all that was written is on the disk.
    package func synchronize() throws {
        guard fsync(descriptor.rawValue) == 0 else { throw Errno(rawValue: errno) }
    }

    /// Puts the file where it belongs, in one step that survives a power failure once this returns. The last call.
    package func takePlace() throws {
        try synchronize()
        guard unsafe rename(path, destination) == 0 else { throw Errno(rawValue: errno) }
        try Self.synchronizeFolder(of: destination)
        try descriptor.close()
    }

    /// Removes the file. The last call.
    package func discard() {
        unsafe unlink(path)
        try? descriptor.close()
    }

    /// Removes its name, and leaves it to whoever holds the descriptor that is returned. The last call.
    package func takeNameAway() throws -> FileDescriptor {
        guard unsafe unlink(path) == 0 else { throw Errno(rawValue: errno) }
        return descriptor
    }

    /// Returns when the names in the folder of `path` are on the disk as they are now.
    package static func synchronizeFolder(of path: String) throws {
        let folder = FilePath(path).removingLastComponent()
        let descriptor = try FileDescriptor.open(
            folder.isEmpty ? "." : folder,
            .readOnly,
            options: [.directory, .closeOnExec]
        )
        try descriptor.closeAfter {
            // Some network file systems have nothing to do here and say so.
            guard fsync(descriptor.rawValue) == 0 || errno == EINVAL else { throw Errno(rawValue: errno) }
        }
    }
}

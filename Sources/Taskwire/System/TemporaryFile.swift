internal import Glibc
package import SystemPackage

/// A new file, for its owner alone, that may take the place of another one when it is complete.
///
/// It is beside the other one, as only there a name can be given to another file in one step. One that a process left
/// behind is known by its name, see ``isName(_:of:)``.
package struct TemporaryFile: Sendable {
    /// Its name until it takes its place.
    package let path: String
    private let destination: String
    private let descriptor: FileDescriptor

    private static let infix = ".taskwire-copy-"
    private static let digitCount = 16

    /// Whether `name` is that of a temporary file for the one named `destinationName`, or of the journal that
    /// SQLite keeps beside it. Both are names without a folder.
    ///
    /// Such files are removed unasked, so that nothing that a user would name by chance may match.
    package static func isName(_ name: String, of destinationName: String) -> Bool {
        let prefix = destinationName + infix
        let journal = "-journal"
        guard name.hasPrefix(prefix) else { return false }
        var digits = name.dropFirst(prefix.count)
        if digits.hasSuffix(journal) { digits = digits.dropLast(journal.count) }
        return digits.count == digitCount && digits.allSatisfy { "0123456789abcdef".contains($0) }
    }

    /// Makes an empty file to replace the one at `destination`, whether that is there or not.
    package init(replacing destination: String) throws {
        let number = UInt64.random(in: .min ... .max)
        self.destination = destination
        let digits = String(number, radix: 16)
        let zeros = String(repeating: "0", count: Self.digitCount - digits.count)
        path = destination + Self.infix + zeros + digits
        descriptor = try FileDescriptor.open(
            FilePath(path),
            .readWrite,
            options: [.create, .exclusiveCreate, .closeOnExec],
            permissions: .ownerReadWrite
        )
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

internal import Glibc
package import SystemPackage

/// A new file, for its owner alone, that may take the place of another one when it is complete.
///
/// It is beside the other one, as only there a name can be given to another file in one step. One that a process left
/// behind has a name that begins with ``prefix(of:)``.
package struct TemporaryFile: Sendable {
    /// Its name until it takes its place.
    package let path: String
    private let destination: String
    private let descriptor: FileDescriptor

    /// What the names of all temporary files for the one named `destination` begin with.
    package static func prefix(of destination: String) -> String { destination + ".copy-" }

    /// Makes an empty file to replace the one at `destination`, whether that is there or not.
    package init(replacing destination: String) throws {
        let number = UInt64.random(in: .min ... .max)
        self.destination = destination
        path = Self.prefix(of: destination) + String(number, radix: 16)
        descriptor = try FileDescriptor.open(
            path,
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
        guard rename(path, destination) == 0 else { throw Errno(rawValue: errno) }
        try Self.synchronizeFolder(of: destination)
        try descriptor.close()
    }

    /// Removes the file. The last call.
    package func discard() {
        unlink(path)
        try? descriptor.close()
    }

    /// Removes its name, and leaves it to whoever holds the descriptor that is returned. The last call.
    package func takeNameAway() throws -> FileDescriptor {
        guard unlink(path) == 0 else { throw Errno(rawValue: errno) }
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

internal import SystemPackage
internal import Taskwire

/// A file in memory that nobody else finds, and that goes with the process.
struct NamelessFile: Sendable {
    private let descriptor: FileDescriptor

    /// An empty file.
    init() {
        do {
            descriptor = try TemporaryFile(replacing: "/dev/shm/taskwire-fuzz").takeNameAway()
        } catch {
            finding("no file can be made in /dev/shm: \(error)")
        }
    }

    /// Where this process finds it.
    var path: String { "/proc/self/fd/\(descriptor.rawValue)" }

    /// Makes `bytes` all that is in the file.
    func replaceContent(with bytes: UnsafeRawBufferPointer) {
        do {
            try descriptor.resize(to: 0)
            try descriptor.writeAll(toAbsoluteOffset: 0, bytes)
        } catch {
            finding("the file in /dev/shm cannot be written: \(error)")
        }
    }
}

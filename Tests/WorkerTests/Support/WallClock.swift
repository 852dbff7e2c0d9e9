import Foundation
import Subprocess
import SystemPackage

/// The wall clock of processes of a test, which can be set while they run.
struct WallClock {
    private let file: String
    private let library: String

    /// A clock that shows the right time, with its files in `folder`.
    init(in folder: String) async throws {
        file = "\(folder)/wall-clock"
        library = "\(folder)/wall_clock.so"
        try set(ahead: 0)
        let source = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "wall_clock.c").path
        let result = try await Subprocess.run(
            .name("clang"),
            arguments: ["-shared", "-fPIC", "-O1", "-o", library, source],
            output: .discarded,
            error: .string(limit: 10_000)
        )
        guard result.terminationStatus.isSuccess else {
            throw Failure(description: "clang: \(result.standardError)")
        }
    }

    /// What the environment of a process has whose clock this is.
    var variables: [String: String] { ["LD_PRELOAD": library, "WALL_CLOCK_FILE": file] }

    /// Sets it, at once for every process.
    func set(ahead seconds: Int64) throws {
        // In place: the file is mapped.
        let descriptor = try FileDescriptor.open(
            FilePath(file),
            .writeOnly,
            options: .create,
            permissions: .ownerReadWrite
        )
        try descriptor.closeAfter {
            _ = try withUnsafeBytes(of: seconds.littleEndian) { try descriptor.writeAll($0) }
        }
    }

    /// The library could not be made.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }
}

internal import Foundation
internal import Subprocess
internal import SystemPackage
internal import Testing

/// A folder on a disk that fails when it is told to, for programs that run in ``environment``.
struct FaultyDisk {
    /// What goes wrong.
    enum Fault: String, CaseIterable, Sendable {
        case noSpaceLeft = "write 28"
        case readOnlyFileSystem = "write 30"
        case writeError = "write 5"
        case syncError = "sync 5"
    }

    /// Where the disk is.
    let folder: String
    private let tool: String

    /// A disk in `folder` that works.
    init(folder: String) async throws {
        self.folder = "\(folder)/disk"
        tool = "\(folder)/faulty_disk"
        try FileManager.default.createDirectory(atPath: self.folder, withIntermediateDirectories: false)
        let source = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../FaultyDisk/faulty_disk.c").standardized.path
        let result = try await Subprocess.run(
            .name("clang"),
            arguments: ["-shared", "-fPIC", "-Wall", "-Werror", "-o", "\(tool).so", source],
            output: .discarded,
            error: .string(limit: 1 << 16)
        )
        try #require(result.terminationStatus == .exited(0), "\(result.standardError)")
    }

    /// What a program has to run with.
    var environment: [String: String] {
        [
            "LD_PRELOAD": "\(tool).so", "FAULTY_DISK_FOLDER": folder, "FAULTY_DISK_SWITCH": "\(tool).fault",
        ]
    }

    /// Makes the disk fail from now on, or work again.
    func set(_ fault: Fault?) throws {
        if let fault {
            try fault.rawValue.write(toFile: "\(tool).fault", atomically: true, encoding: .utf8)
        } else {
            try FileManager.default.removeItem(atPath: "\(tool).fault")
        }
    }
}

import Foundation

/// Returns the path of a program that was built together with this process.
public func builtProgram(_ name: String) throws -> String {
    // The tests run in a bundle beside the programs, which is the executable of this process on Linux.
    let itself = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    let candidates = [URL(filePath: itself)] + Bundle.allBundles.map(\.bundleURL)
    let program = candidates.map { $0.deletingLastPathComponent().appending(path: name).path }
        .first { FileManager.default.isExecutableFile(atPath: $0) }
    guard let program else { throw CocoaError(.fileNoSuchFile) }
    return program
}

import Foundation

/// Runs `body` with a new folder whose path is short enough for a socket, and removes it afterwards.
public func withTemporaryFolder<Output>(_ body: (String) async throws -> Output) async throws -> Output {
    let folder = "/tmp/tw-\(UInt32.random(in: .min ... .max))"
    try FileManager.default.createDirectory(
        atPath: folder,
        withIntermediateDirectories: false,
        attributes: [.posixPermissions: 0o700]
    )
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try await body(folder)
}

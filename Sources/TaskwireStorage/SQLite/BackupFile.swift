internal import Dispatch
internal import SystemPackage
internal import Taskwire

/// A backup in a file that has no name any more.
final class BackupFile: StorageBackup {
    let byteCount: Int64
    private let descriptor: FileDescriptor

    /// Takes over what was written to `file`.
    init(_ file: TemporaryFile) throws {
        descriptor = try file.takeNameAway()
        byteCount = try descriptor.seek(offset: 0, from: .end)
    }

    deinit {
        // Giving back the room of a large file takes its time.
        DispatchQueue.global().async { [descriptor] in try? descriptor.close() }
    }

    func read(at offset: Int64, count: Int) async throws -> [UInt8] {
        try await runBlocking { [descriptor] in
            try unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
                while filled < count {
                    let rest = unsafe UnsafeMutableBufferPointer(rebasing: buffer[filled...])
                    let step = try unsafe descriptor.read(
                        fromAbsoluteOffset: offset + Int64(filled),
                        into: UnsafeMutableRawBufferPointer(rest)
                    )
                    guard step > 0 else { return }
                    filled += step
                }
            }
        }
    }
}

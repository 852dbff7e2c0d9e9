internal import Dispatch
internal import SystemPackage
internal import Taskwire

/// A backup in a file that has no name any more.
final class BackupFile: StorageBackup {
    let byteCount: Int64
    private let descriptor: FileDescriptor

    /// Takes over the store that was written to `file`, and seals it.
    /// - Throws: `CancellationError`, soon after the Swift task is cancelled, and what writing throws.
    init(sealing file: TemporaryFile) async throws {
        descriptor = try file.takeNameAway()
        do {
            byteCount = try await BackupSeal.apply(to: descriptor)
        } catch {
            try? descriptor.close()
            throw error
        }
    }

    deinit {
        // Giving back the room of a large file takes its time.
        DispatchQueue.global().async { [descriptor] in try? descriptor.close() }
    }

    func read(at offset: Int64, count: Int) async throws -> [UInt8] {
        try await runBlocking { [descriptor] in try descriptor.bytes(at: offset, count: count) }
    }
}

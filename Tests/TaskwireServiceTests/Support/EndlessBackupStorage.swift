import Synchronization
import Taskwire

/// A memory storage whose backups are never complete.
final class EndlessBackupStorage: MemoryBackedStorage {
    static let kind = "endless"

    let storage = MemoryStorage()
    private let counts = Mutex((begun: 0, ended: 0))

    /// How many backups were begun, and how many were given up.
    var begun: Int { counts.withLock { $0.begun } }
    var ended: Int { counts.withLock { $0.ended } }

    func backUp() async throws -> any StorageBackup {
        counts.withLock { $0.begun += 1 }
        defer { counts.withLock { $0.ended += 1 } }
        while true { try await Task.sleep(for: .seconds(60)) }
    }
}

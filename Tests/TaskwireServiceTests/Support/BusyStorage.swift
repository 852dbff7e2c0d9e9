import Synchronization
import Taskwire

/// A memory storage that keeps its thread for some milliseconds with each read, so that what comes next comes late.
final class BusyStorage: MemoryBackedStorage {
    static let kind = "busy"

    let storage = MemoryStorage()
    private let reads = Mutex<[String]>([])

    /// The tasks that were read, in the order in which they were.
    var readIDs: [String] { reads.withLock(\.self) }

    func read(_ key: TaskKey) async throws -> TaskRecord? {
        reads.withLock { $0.append(key.id) }
        let end = ContinuousClock.now.advanced(by: .milliseconds(5))
        while .now < end {}
        return try await storage.read(key)
    }
}

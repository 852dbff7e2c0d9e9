import Synchronization
import Taskwire

/// A memory storage that keeps its thread for some milliseconds with each read, so that what comes next comes late.
final class BusyStorage: TaskStorage {
    static let kind = "busy"

    private let storage = MemoryStorage()
    private let reads = Mutex<[String]>([])

    /// The tasks that were read, in the order in which they were.
    var readIDs: [String] { reads.withLock(\.self) }

    func read(_ key: TaskKey) async throws -> TaskRecord? {
        reads.withLock { $0.append(key.id) }
        let end = ContinuousClock.now.advanced(by: .milliseconds(5))
        while .now < end {}
        return try await storage.read(key)
    }

    func mutate<Output: Sendable>(
        _ key: TaskKey,
        _ body: @escaping @Sendable (inout TaskRecord?, _ ownerTaskCount: Int) throws -> Output
    ) async throws -> Output {
        try await storage.mutate(key, body)
    }

    func page(_ query: TaskStorageQuery) async throws -> [TaskRecord] {
        try await storage.page(query)
    }

    func due(atOrBefore moment: Timestamp, limit: Int) async throws -> [TaskKey] {
        try await storage.due(atOrBefore: moment, limit: limit)
    }

    func counts() async throws -> TaskStorageCounts {
        try await storage.counts()
    }
}

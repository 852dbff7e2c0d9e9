import Taskwire

/// A storage of a test that has something of its own about reading or changing records, and nothing about the rest.
protocol MemoryBackedStorage: TaskStorage {
    var storage: MemoryStorage { get }
}

extension MemoryBackedStorage {
    var limits: TaskLimits { storage.limits }

    func read(_ key: TaskKey) async throws -> TaskRecord? {
        try await storage.read(key)
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

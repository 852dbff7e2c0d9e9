import Synchronization
import Taskwire

/// A memory storage that does what it is told, but says that it cannot be reached for some calls.
final class AbsentStorage: MemoryBackedStorage {
    static let kind = "absent"

    let storage = MemoryStorage()
    private let failures = Mutex((count: 0, retryAfter: Duration?.none))

    /// From now on it says so to `count` calls, and that they may come again `retryAfter` later.
    func fail(_ count: Int, retryAfter: Duration? = nil) {
        failures.withLock { $0 = (count, retryAfter) }
    }

    private func answer<Output>(_ output: Output) throws -> Output {
        try failures.withLock { failures in
            guard failures.count == 0 else {
                failures.count -= 1
                throw TaskwireError(
                    .unavailable,
                    .storeUnreachable,
                    "The store does not answer",
                    retryAfter: failures.retryAfter
                )
            }
        }
        return output
    }

    func read(_ key: TaskKey) async throws -> TaskRecord? {
        try answer(try await storage.read(key))
    }

    func mutate<Output: Sendable>(
        _ key: TaskKey,
        _ body: @escaping @Sendable (inout TaskRecord?, _ ownerTaskCount: Int) throws -> Output
    ) async throws -> Output {
        try answer(try await storage.mutate(key, body))
    }
}

import Synchronization
import Taskwire

/// A memory storage whose mutations wait until a given number of them are there, as for a commit that they share.
final class RendezvousStorage: MemoryBackedStorage {
    static let kind = "rendezvous"

    private struct State {
        var arrivals: [String] = []
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    let storage: MemoryStorage
    private let count: Int
    private let state = Mutex(State())

    init(count: Int, limits: TaskLimits = TaskLimits()) {
        storage = MemoryStorage(limits: limits)
        self.count = count
    }

    /// The tasks of the mutations, in the order in which they came.
    var arrivals: [String] { state.withLock { $0.arrivals } }

    func mutate<Output: Sendable>(
        _ key: TaskKey,
        _ body: @escaping @Sendable (inout TaskRecord?, _ ownerTaskCount: Int) throws -> Output
    ) async throws -> Output {
        await withCheckedContinuation { continuation in
            let ready = state.withLock { state in
                state.arrivals.append(key.id)
                state.waiting.append(continuation)
                guard state.waiting.count == count else { return [CheckedContinuation<Void, Never>]() }
                defer { state.waiting = [] }
                return state.waiting
            }
            for continuation in ready { continuation.resume() }
        }
        return try await storage.mutate(key, body)
    }
}

internal import Synchronization

/// Arenas that are used again by one call after the other.
package final class ArenaPool: Sendable {
    /// What one use of an arena may take.
    package let limit: Int
    private let capacity: Int
    private let idle = Mutex<[Arena]>([])

    /// A pool that keeps up to `capacity` idle arenas, each with the given limit.
    package init(limit: Int = Arena.defaultLimit, capacity: Int = 64) {
        self.limit = limit
        self.capacity = capacity
    }

    /// Lends an arena to `body`; nothing that was built in it may be used afterwards.
    package func withArena<Result, Failure: Error>(
        _ body: (Arena) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let arena = idle.withLock { $0.popLast() } ?? Arena(limit: limit)
        defer {
            arena.reset()
            idle.withLock { idle in
                if idle.count < capacity { idle.append(arena) }
            }
        }
        return try body(arena)
    }
}

import Foundation
import Synchronization
import Taskwire

/// A memory storage in which listings of one owner keep their threads until a test lets them go on.
final class SlowListingStorage: MemoryBackedStorage {
    static let kind = "slow"

    let storage = MemoryStorage()
    private let slowOwner: String
    private let gate = NSCondition()
    private let isOpen = Atomic(false)
    private let listings = Mutex<[String]>([])

    init(slowOwner: String) {
        self.slowOwner = slowOwner
    }

    /// The owners of the listings, in the order in which they came.
    var owners: [String] { listings.withLock(\.self) }

    func open() {
        isOpen.store(true, ordering: .sequentiallyConsistent)
        gate.withLock { gate.broadcast() }
    }

    func page(_ query: TaskStorageQuery) async throws -> [TaskRecord] {
        listings.withLock { $0.append(query.owner) }
        if query.owner == slowOwner { wait() }
        return try await storage.page(query)
    }

    private func wait() {
        let limit = Date(timeIntervalSinceNow: 60)
        gate.withLock {
            while !isOpen.load(ordering: .sequentiallyConsistent), gate.wait(until: limit) {}
        }
    }
}

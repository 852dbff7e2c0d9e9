import Synchronization
import Taskwire
import TaskwireTestSupport
import Testing

/// A memory storage that counts the records which each call looks at.
private final class CountingStorage: TaskStorage {
    static let kind = "counting"

    private let storage = MemoryStorage()
    private let looks = Mutex(0)

    var limits: TaskLimits { storage.limits }

    func takeLooks() -> Int {
        looks.withLock { looks in
            defer { looks = 0 }
            return looks
        }
    }

    private func look(_ count: Int) {
        looks.withLock { $0 += count }
    }

    func read(_ key: TaskKey) async throws -> TaskRecord? {
        look(1)
        return try await storage.read(key)
    }

    func mutate<Output: Sendable>(
        _ key: TaskKey,
        _ body: @escaping @Sendable (inout TaskRecord?, _ ownerTaskCount: Int) throws -> Output
    ) async throws -> Output {
        look(1)
        return try await storage.mutate(key, body)
    }

    func page(_ query: TaskStorageQuery) async throws -> [TaskRecord] {
        let records = try await storage.page(query)
        look(records.count)
        return records
    }

    func due(atOrBefore moment: Timestamp, limit: Int) async throws -> [TaskKey] {
        let keys = try await storage.due(atOrBefore: moment, limit: limit)
        look(keys.count)
        return keys
    }

    func counts() async throws -> TaskStorageCounts {
        try await storage.counts()
    }
}

/// What a call costs, counted in records instead of seconds.
@Suite("Cost in records")
struct CostTests {
    private let storage = CountingStorage()
    private let clock = ManualClock()
    private let engine: TaskEngine<CountingStorage, ManualClock>

    init() async throws {
        engine = TaskEngine(storage: storage, clock: clock)
        for step in 0..<2000 {
            _ = try await engine.createTask(id: "t\(step)", ttl: .seconds(60))
        }
        _ = storage.takeLooks()
    }

    /// A fault of the Python SDK 1.29: every access scans all tasks.
    @Test
    func aFullScanAtEveryAccess() async throws {
        _ = try await engine.getTask("t7")
        #expect(storage.takeLooks() == 1)
        _ = try await engine.updateTask("t7", statusMessage: "x")
        #expect(storage.takeLooks() == 1)
        _ = try await engine.createTask()
        #expect(storage.takeLooks() == 1)
        _ = try await engine.deleteTask("t7")
        #expect(storage.takeLooks() == 1)
    }

    /// A fault of the Python SDK 1.29: listing everything costs the square of everything.
    @Test
    func listingIsQuadratic() async throws {
        var request = ListTasksRequest(pageSize: 10)
        var count = 0
        repeat {
            let page = try await engine.listTasks(request)
            #expect(storage.takeLooks() <= 11)
            count += page.tasks.count
            request.cursor = page.nextCursor
        } while !request.cursor.isEmpty
        #expect(count == 2000)
    }

    @Test
    func aPageThatFiltersLooksAtABoundedNumber() async throws {
        let page = try await engine.listTasks(ListTasksRequest(pageSize: 10, labels: ["no": "such"]))
        #expect(page.tasks.isEmpty)
        #expect(!page.nextCursor.isEmpty)
        #expect(storage.takeLooks() < 1200)
    }

    @Test
    func expiryWorksInBoundedSteps() async throws {
        clock.advance(by: .seconds(60))
        _ = try await engine.createTask()
        #expect(storage.takeLooks() <= 2 * 64 + 1, "no call waits for a whole sweep")

        // The sweeper sleeps only when it has caught up.
        let sweeper = Task { await engine.run() }
        await clock.untilSleeping(for: .seconds(1))
        clock.advance(by: .seconds(60))
        await clock.untilSleeping(for: .seconds(1))
        sweeper.cancel()
        #expect(try await engine.counts() == TaskStorageCounts(tasks: 1, tombstones: 2000))
    }
}

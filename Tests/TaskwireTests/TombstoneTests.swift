import Taskwire
import TaskwireTestSupport
import Testing

@Suite("Tombstones")
struct TombstoneTests {
    @Test
    func theirNumberIsBoundedTheOldestFirst() async throws {
        var limits = TaskLimits()
        limits.maxTombstones = 3
        let engine = TaskEngine(storage: MemoryStorage(limits: limits), clock: ManualClock())
        for step in 0..<5 {
            let id = "t\(step)"
            for _ in 0..<3 {
                _ = try await engine.createTask(id: id)
                _ = try await engine.deleteTask(id)
            }
        }
        #expect(try await engine.counts() == TaskStorageCounts(tasks: 0, tombstones: 3))
        #expect(try await engine.createTask(id: "t0").revision == 1, "forgotten")
        #expect(try await engine.createTask(id: "t4").revision > 1, "remembered")
    }

    @Test
    func theyAreForgottenAfterTheirTime() async throws {
        let clock = ManualClock()
        let engine = TaskEngine(storage: MemoryStorage(), clock: clock)
        _ = try await engine.createTask(id: "t")
        _ = try await engine.deleteTask("t")
        clock.advance(by: .seconds(599))
        #expect(try await engine.counts().tombstones == 1)
        clock.advance(by: .seconds(1))
        #expect(try await engine.createTask(id: "t").revision == 1)
        _ = try await engine.createTask()
        #expect(try await engine.counts() == TaskStorageCounts(tasks: 2, tombstones: 0))
    }
}

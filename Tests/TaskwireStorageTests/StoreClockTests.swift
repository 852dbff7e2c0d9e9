import Taskwire
import TaskwireStorage
import TaskwireTestSupport
import Testing

/// A wall clock that is set, and a store that is opened again.
@Suite("The clock of a file")
struct StoreClockTests {
    private typealias Store = TaskEngine<SQLiteStorage, ManualClock>

    /// Opens the file for as long as `body` runs.
    private func opening(
        _ path: String,
        _ clock: ManualClock,
        _ body: (Store) async throws -> Void
    ) async throws {
        let storage = try await SQLiteStorage(path: path, clock: clock)
        try await body(Store(storage: storage, clock: clock))
        try await storage.close()
    }

    @Test(
        "a clock that was set while the store was open moves nothing after a restart, whether anything was changed later or not",
        arguments: [3600, -3600],
        [true, false]
    )
    func setWhileOpen(_ seconds: Int, _ isChangedLater: Bool) async throws {
        try await withTemporaryFolder { folder in
            let (path, clock) = ("\(folder)/tasks.db", ManualClock())
            try await opening(path, clock) { (store: Store) async throws in
                _ = try await store.createTask(id: "mortal", ttl: .seconds(1000))
                _ = try await store.createTask(id: "held")
                _ = try await store.claimTask("held", worker: "w", lease: .seconds(300))
                clock.setWallClock(ahead: .seconds(seconds))
                if isChangedLater {
                    _ = try await store.createTask(id: "later", ttl: .seconds(1000))
                } else {
                    _ = try await store.sweepStep()
                }
            }
            try await expectEnds(path, clock, mortal: isChangedLater ? ["mortal", "later"] : ["mortal"])
        }
    }

    /// Whether a lease of 300 s and lives of 1000 s end when they would have without a restart.
    private func expectEnds(_ path: String, _ clock: ManualClock, mortal ids: [String]) async throws {
        clock.advance(by: .milliseconds(299_999))
        try await opening(path, clock) { (store: Store) async throws in
            #expect(try await store.getTask("held").lease?.worker == "w")
        }
        // The time of one renewal after a start.
        try await opening(path, clock) { (store: Store) async throws in
            clock.advance(by: .seconds(100))
            #expect(try await store.getTask("held").statusMessage == "worker lost")
        }
        clock.advance(by: .milliseconds(600_000))
        try await opening(path, clock) { (store: Store) async throws in
            for id in ids { #expect(try await store.getTask(id).status == .working) }
            clock.advance(by: .milliseconds(1))
            for id in ids { #expect(try await store.getTask(id).status == .failed) }
        }
    }

    @Test("one that was set while nobody had the store open moves things by as much")
    func setWhileClosed() async throws {
        try await withTemporaryFolder { folder in
            let (path, clock) = ("\(folder)/tasks.db", ManualClock())
            try await opening(path, clock) { (store: Store) async throws in
                _ = try await store.createTask(id: "t", ttl: .seconds(1000))
            }
            clock.setWallClock(ahead: .seconds(400))
            try await opening(path, clock) { (store: Store) async throws in
                clock.advance(by: .milliseconds(599_999))
                #expect(try await store.getTask("t").status == .working)
                clock.advance(by: .milliseconds(1))
                #expect(try await store.getTask("t").status == .failed)
            }
        }
    }
}

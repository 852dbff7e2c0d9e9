import Foundation
import GRDB
import Taskwire
import TaskwireStorage
import TaskwireTestSupport
import Testing

/// What a task remembers of its mutations is in its row and in batches beside it.
@Suite("The stored log of mutations")
struct StoredLogTests {
    private typealias Store = TaskEngine<SQLiteStorage, ManualClock>

    private static let capacity = 32

    private func withStore<Output: Sendable>(
        _ path: String,
        clock: ManualClock = ManualClock(),
        _ body: (Store) async throws -> Output
    ) async throws -> Output {
        let storage = try await SQLiteStorage(path: path, clock: clock)
        let output = try await body(Store(storage: storage, clock: clock))
        try await storage.close()
        return output
    }

    /// Updates the task `t` once for each id, and returns its revisions.
    private func update(_ store: Store, _ requestIDs: some Sequence<RequestID>) async throws -> [UInt64] {
        var revisions: [UInt64] = []
        for requestID in requestIDs {
            let options = CallOptions(requestID: requestID)
            revisions.append(
                try await store.updateTask("t", statusMessage: "\(requestID)", options: options).revision
            )
        }
        return revisions
    }

    private func batchCount(_ path: String) async throws -> Int? {
        try await DatabaseQueue(path: path).read { db in
            try Int.fetchOne(db, sql: "SELECT count(*) FROM sealed_mutations")
        }
    }

    @Test(
        "after their time the last 32 are answered from it after a restart, and no others",
        arguments: [1, 3, 4, 5, 31, 32, 33, 35, 36, 37, 100]
    )
    func restart(_ count: Int) async throws {
        try await withTemporaryFolder { folder in
            let path = "\(folder)/tasks.db"
            let requestIDs = (0..<count).map { _ in RequestID.random() }
            let clock = ManualClock()
            // Half of them by a store that has read the rest from its file.
            _ = try await withStore(path, clock: clock) { (store: Store) async throws in
                _ = try await store.createTask(id: "t")
                return try await update(store, requestIDs.prefix(count / 2))
            }
            _ = try await withStore(path, clock: clock) { (store: Store) async throws in
                try await update(store, requestIDs.dropFirst(count / 2))
            }
            // Until then all of them are.
            try await withStore(path, clock: clock) { (store: Store) async throws in
                #expect(try await update(store, requestIDs) == requestIDs.indices.map { UInt64($0) + 2 })
            }
            clock.advance(by: .seconds(62))
            try await withStore(path, clock: clock) { (store: Store) async throws in
                let known = requestIDs.indices.suffix(Self.capacity)
                let again = try await update(store, known.map { requestIDs[$0] })
                #expect(again == known.map { UInt64($0) + 2 })
                guard let forgotten = requestIDs.dropLast(Self.capacity).last else { return }
                #expect(try await update(store, [forgotten]) == [UInt64(count) + 2])
            }
        }
    }

    @Test("a task that is changed for long keeps few batches")
    func bounded() async throws {
        try await withTemporaryFolder { folder in
            let path = "\(folder)/tasks.db"
            let clock = ManualClock()
            try await withStore(path, clock: clock) { (store: Store) async throws in
                _ = try await store.createTask(id: "t")
                for _ in 0..<3000 {
                    clock.advance(by: .seconds(1))
                    _ = try await update(store, [.random()])
                }
            }
            // A minute's, and some that are not worth a deletion yet.
            let count = try #require(try await batchCount(path))
            #expect((15...32).contains(count))
        }
    }

    @Test("a change of a task writes few of the mutations before it")
    func writesLittle() async throws {
        try await withTemporaryFolder { folder in
            let path = "\(folder)/tasks.db"
            let clock = ManualClock()
            try await withStore(path, clock: clock) { (store: Store) async throws in
                _ = try await store.createTask(id: "t")
                let message = String(repeating: "x", count: 1000)
                func byteCount() throws -> Int { try Data(contentsOf: URL(filePath: path + "-wal")).count }
                func update() async throws {
                    for _ in 0..<64 {
                        clock.advance(by: .seconds(2))
                        _ = try await store.updateTask("t", statusMessage: message)
                    }
                }
                try await update()
                let before = try byteCount()
                try await update()
                // Each of the 32 outcomes has the message.
                #expect(try byteCount() - before < 64 * 32 * 1000 / 2)
            }
        }
    }

    @Test("a log that an older version wrote is read, and goes on", arguments: [2, 3])
    func olderVersion(_ version: Int) async throws {
        try await withTemporaryFolder { folder in
            let path = "\(folder)/tasks.db"
            let requestIDs = (0..<50).map { _ in RequestID.random() }
            _ = try await withStore(path) { store in
                _ = try await store.createTask(id: "t")
                return try await update(store, requestIDs.prefix(40))
            }
            try await DatabaseQueue(path: path).write { db in
                // That version had all 32 entries in the row: five or more batches and what is not in one yet.
                let sealed = try Int.fetchOne(db, sql: "SELECT sealed FROM task") ?? 0
                #expect(sealed == 10)
                if version == 3 {
                    // That one had the last eight of them, in turns.
                    try db.execute(
                        sql: """
                            DELETE FROM sealed_mutations WHERE place % 1024 < 2;
                            CREATE TABLE old (place INTEGER PRIMARY KEY, mutations BLOB NOT NULL) STRICT;
                            INSERT INTO old SELECT 8 * (place / 1024) + place % 1024 % 8, mutations
                                FROM sealed_mutations;
                            DROP TABLE clock;
                            DROP TRIGGER unseal_mutations;
                            DROP TABLE sealed_mutations;
                            ALTER TABLE old RENAME TO sealed_mutations;
                            CREATE TRIGGER unseal_mutations AFTER DELETE ON task BEGIN
                                DELETE FROM sealed_mutations;
                            END;
                            DELETE FROM grdb_migrations WHERE identifier > '3';
                            """
                    )
                    return
                }
                var log = Data()
                for batch in sealed - 8..<sealed {
                    let sql = "SELECT mutations FROM sealed_mutations WHERE place % 1024 = ?"
                    log += try #require(try Data.fetchOne(db, sql: sql, arguments: [batch]))
                }
                log += try #require(try Data.fetchOne(db, sql: "SELECT mutations FROM task"))
                try db.execute(sql: "UPDATE task SET mutations = ?", arguments: [log])
                try db.execute(
                    sql: """
                        DROP TABLE clock;
                        DROP TRIGGER unseal_mutations;
                        DROP TABLE sealed_mutations;
                        ALTER TABLE task DROP COLUMN sealed;
                        DELETE FROM grdb_migrations WHERE identifier > '2';
                        """
                )
            }
            let revisions = try await withStore(path) { try await update($0, requestIDs[8...]) }
            #expect(revisions == Array(10..<52))
            let again = try await withStore(path) { try await update($0, requestIDs[18...]) }
            #expect(again == Array(20..<52))
        }
    }

    @Test("one that is damaged is told, and the task can still be read", arguments: [-1, 9, Int64.max])
    func damaged(_ sealed: Int64) async throws {
        try await withTemporaryFolder { folder in
            let path = "\(folder)/tasks.db"
            try await withStore(path) { _ = try await $0.createTask(id: "t") }
            try await DatabaseQueue(path: path).write { db in
                try db.execute(sql: "UPDATE task SET sealed = ?", arguments: [sealed])
            }
            try await withStore(path) { store in
                let error = await #expect(throws: TaskwireError.self) { try await store.cancelTask("t") }
                #expect(error?.reason == .storeCorrupt)
                let status = try await store.getTask("t").status
                #expect(status == .working)
            }
        }
    }

    @Test("it goes with its task")
    func forgotten() async throws {
        try await withTemporaryFolder { folder in
            let path = "\(folder)/tasks.db"
            let clock = ManualClock()
            try await withStore(path, clock: clock) { (store: Store) async throws in
                _ = try await store.createTask(id: "t")
                _ = try await update(store, (0..<40).map { _ in RequestID.random() })
                _ = try await store.deleteTask("t")
            }
            #expect(try await batchCount(path) == 10)
            clock.advance(by: .seconds(48 * 3600))
            try await withStore(path, clock: clock) { (store: Store) async throws in
                _ = try await store.createTask(id: "other")
                #expect(try await store.counts() == TaskStorageCounts(tasks: 1, tombstones: 0))
            }
            #expect(try await batchCount(path) == 0)
        }
    }

    @Test("another task by the same name begins with an empty one")
    func replaced() async throws {
        try await withTemporaryFolder { folder in
            let path = "\(folder)/tasks.db"
            let requestIDs = (0..<40).map { _ in RequestID.random() }
            let key = TaskKey(owner: "", id: "t")
            try await withStore(path) { store in
                _ = try await store.createTask(id: "t")
                _ = try await update(store, requestIDs)
                try await store.storage.mutate(key) { record, _ in record?.mutations = MutationLog() }
                try await store.storage.mutate(key) { record, _ in record?.state.revision = 1000 }
            }
            #expect(try await batchCount(path) == 0)
            let revisions = try await withStore(path) {
                try await update($0, requestIDs.prefix(39).suffix(1))
            }
            #expect(revisions == [1001])
        }
    }
}

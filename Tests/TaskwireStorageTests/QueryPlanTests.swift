import GRDB
import Taskwire
import TaskwireStorage
import TaskwireTestSupport
import Testing

@Suite("Query plans")
struct QueryPlanTests {
    /// Every statement that runs while tasks are served.
    static let statements: [String] =
        [
            TaskStatements.read,
            TaskStatements.readForChange,
            TaskStatements.due,
            TaskStatements.move,
            TaskStatements.update,
            TaskStatements.delete,
            TaskStatements.sealedMutations,
            TaskStatements.unsealMutations,
            TaskStatements.forget,
            TaskStatements.ownerCount,
            TaskStatements.deleteOwnerCount,
            TaskStatements.storeCounts,
            TaskStatements.setStoreCounts,
        ] + (1...5).map { TaskStatements.page(statusCount: $0) }
        + ["large_request", "large_result", "large_interactions"].map { TaskStatements.deletePart(from: $0) }

    /// The steps of the plan of a statement on a store with some tasks, after which SQLite knows sizes.
    private func plan(of sql: String) async throws -> [String] {
        try await withTemporaryFolder { folder in
            let path = "\(folder)/tasks.db"
            let storage = try await SQLiteStorage(path: path)
            let store = TaskEngine(storage: storage, clock: ManualClock())
            for step in 0..<200 { _ = try await store.createTask(id: "t\(step)", ttl: .seconds(60)) }
            try await storage.close()
            return try await DatabaseQueue(path: path).write { db in
                try db.execute(sql: "ANALYZE")
                let statement = try db.makeStatement(sql: "EXPLAIN QUERY PLAN " + sql)
                // A plan does not depend on the arguments, which are all NULL.
                statement.setUncheckedArguments([])
                return try Row.fetchAll(statement).map { $0["detail"] }
            }
        }
    }

    @Test("no statement looks at every row or sorts", arguments: statements)
    func usesAnIndex(_ sql: String) async throws {
        let steps = try await plan(of: sql)
        #expect(!steps.isEmpty)
        for step in steps {
            // The oldest tombstones are the first entries of their index, which is read up to the limit.
            let isInOrder = step == "SCAN task USING INDEX tombstone_by_due_time"
            #expect(!step.contains("SCAN") || isInOrder, "\(step)")
            #expect(!step.contains("TEMP B-TREE"), "\(step)")
            #expect(!step.contains("AUTOMATIC"), "\(step)")
        }
    }

    @Test("a page, a task and a due step each use the index made for them")
    func theRightIndex() async throws {
        #expect(try await plan(of: TaskStatements.read)[0].contains("INDEX task_by_key (owner=? AND id=?)"))
        #expect(
            try await plan(of: TaskStatements.due)[0].contains("INDEX task_by_due_time (due_at_unix_ms<?)")
        )
        let page = try await plan(of: TaskStatements.page(statusCount: 3)).filter { $0.contains("task") }
        #expect(page.count == 3)
        #expect(
            page.allSatisfy { $0.contains("INDEX task_by_creation (owner=? AND status=? AND (created_at") }
        )
    }
}

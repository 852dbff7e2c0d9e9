import Taskwire
import TaskwireStorage
import TaskwireTestSupport
import Testing

@Suite("Tasks that were changed lately")
struct RecentTaskTests {
    private func withStorage(
        _ body: @escaping @Sendable (TaskEngine<SQLiteStorage, ManualClock>) async throws -> Void
    ) async throws {
        try await withTemporaryFolder { folder in
            try await withTimeLimit {
                let storage = try await SQLiteStorage(path: "\(folder)/tasks.db")
                try await body(TaskEngine(storage: storage, clock: ManualClock()))
                try await storage.close()
            }
        }
    }

    @Test("nobody who has seen a change sees the task as it was before")
    func inOrder() async throws {
        try await withStorage { store in
            let id = try await store.createTask().id
            let changeCount: UInt64 = 2000
            try await withThrowingDiscardingTaskGroup { group in
                for _ in 0..<4 {
                    group.addTask {
                        var seen: UInt64 = 0
                        while seen <= changeCount {
                            try Task.checkCancellation()
                            let listed = try await store.listTasks().tasks.map(\.revision)
                            let read = try await store.getTask(id).revision
                            for revision in listed + [read] {
                                #expect(revision >= seen)
                                seen = max(seen, revision)
                            }
                        }
                    }
                }
                group.addTask {
                    for step in 0..<changeCount {
                        store.clock.advance(by: .seconds(1))
                        let changed = try await store.updateTask(id, statusMessage: "\(step)")
                        let read = try await store.getTask(id)
                        #expect(read == changed)
                    }
                }
            }
        }
    }

    @Test("a store that was closed shows none of them")
    func closed() async throws {
        try await withStorage { store in
            let id = try await store.createTask().id
            try await store.storage.close()
            let refusal = await #expect(throws: TaskwireError.self) { try await store.getTask(id) }
            #expect(refusal?.code == .unavailable)
        }
    }

    @Test("very many are changed and read, and all are as they were left")
    func many() async throws {
        try await withStorage { store in
            let text = String(repeating: "x", count: 4000)
            // More than are kept.
            let count = 8000
            try await withThrowingDiscardingTaskGroup { group in
                for step in 0..<count {
                    group.addTask {
                        let request = CreateTaskRequest(taskID: "t\(step)", request: Payload(text: text))
                        _ = try await store.createTask(request, options: .default)
                    }
                }
            }
            for step in stride(from: 0, to: count, by: 2) { _ = try await store.cancelTask("t\(step)") }
            for step in stride(from: 0, to: count, by: 4) { _ = try await store.deleteTask("t\(step)") }
            for step in 0..<count {
                if step.isMultiple(of: 4) {
                    let refusal = await #expect(throws: TaskwireError.self) {
                        try await store.getTask("t\(step)")
                    }
                    #expect(refusal?.code == .notFound)
                } else {
                    let task = try await store.getTask("t\(step)", view: .full)
                    #expect(task.status == (step.isMultiple(of: 2) ? .cancelled : .working))
                    #expect(task.request?.text == text)
                }
            }
        }
    }
}

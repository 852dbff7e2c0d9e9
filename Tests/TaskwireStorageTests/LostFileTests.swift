import Foundation
import Logging
import Taskwire
import TaskwireStorage
import TaskwireTestSupport
import Testing

@Suite("A file that is lost under an open store")
struct LostFileTests {
    private typealias Store = TaskEngine<SQLiteStorage, ManualClock>

    /// What another program does to the files of a store.
    enum Loss: CaseIterable {
        case removed
        case moved
        case replaced
        case folderMoved
        case logRemoved
        case logReplaced

        func happen(to path: String) throws {
            let manager = FileManager.default
            switch self {
            case .removed: try manager.removeItem(atPath: path)
            case .moved: try manager.moveItem(atPath: path, toPath: path + ".old")
            case .replaced:
                try manager.copyItem(atPath: path, toPath: path + ".new")
                rename(path + ".new", path)
            case .folderMoved:
                let folder = URL(filePath: path).deletingLastPathComponent().path
                try manager.moveItem(atPath: folder, toPath: folder + ".old")
            case .logRemoved: try manager.removeItem(atPath: path + "-wal")
            case .logReplaced:
                try manager.copyItem(atPath: path + "-wal", toPath: path + ".new")
                rename(path + ".new", path + "-wal")
            }
        }
    }

    private func withStore(
        _ body: @escaping @Sendable (Store, _ path: String, _ log: LogLines) async throws -> Void
    ) async throws {
        try await withTimeLimit {
            try await withTemporaryFolder { folder in
                let log = LogLines()
                let path = "\(folder)/store/tasks.db"
                let storage = try await SQLiteStorage(path: path, logger: Logger(label: "test") { _ in log })
                let store = TaskEngine(storage: storage, clock: ManualClock())
                _ = try await store.createTask(id: "before", request: .everyByte)
                try await body(store, path, log)
                try await storage.close()
            }
        }
    }

    private func refusal(_ body: () async throws -> Void) async -> TaskwireError? {
        await #expect(throws: TaskwireError.self) { try await body() }
    }

    @Test(
        "nothing is acknowledged any more, the log says which file it is, and reads go on",
        arguments: Loss.allCases
    )
    func loss(of loss: Loss) async throws {
        try await withStore { store, path, log in
            try loss.happen(to: path)
            for id in ["t1", "t2"] {
                let error = await refusal { _ = try await store.createTask(id: id) }
                #expect(error?.code == .unavailable && error?.reason == .storeLost)
                #expect(error?.message.contains(path) == false)
                #expect(error?.retryAfter != nil)
            }
            #expect(
                await refusal { _ = try await store.completeTask("before", result: .everyByte) }?.reason
                    == .storeLost
            )
            #expect(await refusal { _ = try await store.backUp() }?.reason == .storeLost)
            #expect(try await store.getTask("before", view: .full).request == .everyByte)
            let lines = log.all.filter { $0.contains("STORE_LOST") }
            #expect(lines.count == 1)
            #expect(
                lines.first?.contains(
                    "\(path)\([.logRemoved, .logReplaced].contains(loss) ? "-wal" : "") is not"
                ) == true
            )
            #expect(lines.first?.contains("taskwire restore") == true)
        }
    }

    @Test("many at once are refused, each by itself")
    func manyAtOnce() async throws {
        try await withStore { store, path, _ in
            try Loss.removed.happen(to: path)
            let refusals = await withTaskGroup { group in
                for number in 0..<100 {
                    group.addTask {
                        do {
                            _ = try await store.createTask(id: "t\(number)")
                            return false
                        } catch {
                            return (error as? TaskwireError)?.reason == .storeLost
                        }
                    }
                }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(refusals == 100)
        }
    }

    @Test("everything goes on once the file is where it was")
    func return_() async throws {
        try await withStore { store, path, log in
            try Loss.moved.happen(to: path)
            #expect(await refusal { _ = try await store.createTask(id: "t") }?.reason == .storeLost)
            try FileManager.default.moveItem(atPath: path + ".old", toPath: path)
            _ = try await store.createTask(id: "after")
            #expect(log.all.contains { $0.hasPrefix("the store can be written again") })
            try await store.storage.close()
            let next = try await SQLiteTaskStore(path: path)
            #expect(try await next.getTask("after").id == "after")
            try await next.close()
        }
    }

    @Test("the file that took the place of a lost one is left alone when the store is closed")
    func replacement() async throws {
        try await withStore { store, path, _ in
            try Loss.moved.happen(to: path)
            #expect(await refusal { _ = try await store.createTask(id: "t") }?.reason == .storeLost)
            for suffix in ["-wal", "-shm"] { try FileManager.default.removeItem(atPath: path + suffix) }
            let next = try await SQLiteTaskStore(path: path)
            _ = try await next.createTask(id: "new")
            try await store.storage.close()
            _ = try await next.createTask(id: "newer")
            try await next.close()
            let last = try await SQLiteTaskStore(path: path)
            #expect(try await last.listTasks().tasks.map(\.id) == ["new", "newer"])
            try await last.close()
        }
    }
}

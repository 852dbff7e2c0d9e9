import Foundation
import GRDB
import Taskwire
import TaskwireStorage
import TaskwireTestSupport
import Testing

/// What is in a store's file, read as SQLite's documentation of the format says.
private struct WriteAheadLog {
    let bytes: Data

    init(of path: String) throws {
        bytes = try Data(contentsOf: URL(filePath: path + "-wal"))
    }

    /// How many transactions were committed: frames with the size of the database in their header
    /// (https://www.sqlite.org/fileformat2.html, section 4.1).
    var commitCount: Int {
        let pageSize = 4096
        return stride(from: 32, through: bytes.count - 24, by: pageSize + 24)
            .count { offset in bytes[offset + 4..<offset + 8].contains { $0 != 0 } }
    }
}

@Suite("Group commit")
struct GroupCommitTests {
    private func withStorage(
        _ body:
            @escaping @Sendable (TaskEngine<SQLiteStorage, ManualClock>, _ path: String) async throws -> Void
    ) async throws {
        try await withTemporaryFolder { folder in
            try await withTimeLimit {
                let path = "\(folder)/tasks.db"
                let storage = try await SQLiteStorage(path: path)
                try await body(TaskEngine(storage: storage, clock: ManualClock()), path)
                try await storage.close()
            }
        }
    }

    @Test("mutations that wait at the same time are committed together")
    func shared() async throws {
        try await withStorage { store, path in
            let before = try WriteAheadLog(of: path).commitCount
            try await withThrowingDiscardingTaskGroup { group in
                for step in 0..<1000 {
                    group.addTask { _ = try await store.createTask(id: "t\(step)") }
                }
            }
            let commits = try WriteAheadLog(of: path).commitCount - before
            #expect(commits >= 2 && commits <= 250)
            #expect(try await store.counts().tasks == 1000)
        }
    }

    @Test("a mutation alone is committed at once, and a refusal or a repeat not at all")
    func alone() async throws {
        try await withStorage { store, path in
            let before = try WriteAheadLog(of: path).commitCount
            let options = CallOptions(requestID: .random())
            for _ in 0..<3 { _ = try await store.createTask(id: "t", options: options) }
            await #expect(throws: TaskwireError.self) { try await store.createTask(id: "t") }
            await #expect(throws: TaskwireError.self) { try await store.cancelTask("none") }
            #expect(try WriteAheadLog(of: path).commitCount - before == 1)
        }
    }

    @Test("each of a group succeeds or fails by itself")
    func independent() async throws {
        try await withStorage { store, _ in
            _ = try await store.createTask(id: "ended")
            _ = try await store.cancelTask("ended")
            let outcomes = await withTaskGroup(of: (Int, Bool).self) { group in
                for step in 0..<300 {
                    group.addTask {
                        // A third each: a task of its own, one that has ended, and a text that cannot be stored.
                        let result: Result<TaskState, any Error>
                        do {
                            switch step % 3 {
                            case 0: result = .success(try await store.createTask(id: "t\(step)"))
                            case 1:
                                result = .success(try await store.completeTask("ended", result: .sample("x")))
                            default:
                                result = .success(
                                    try await store.createTask(
                                        CreateTaskRequest(taskID: "n\(step)", statusMessage: "a\0b"),
                                        options: .default
                                    )
                                )
                            }
                        } catch {
                            result = .failure(error)
                        }
                        return (step, (try? result.get()) != nil)
                    }
                }
                return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
            }
            for (step, isDone) in outcomes { #expect(isDone == (step % 3 == 0), "\(step)") }
            #expect(try await store.counts().tasks == 101)
        }
    }

    @Test("a task that is damaged on the disk hurts nobody else")
    func damaged() async throws {
        try await withTemporaryFolder { folder in
            let path = "\(folder)/tasks.db"
            let clock = ManualClock()
            let first = try await SQLiteStorage(path: path)
            let creator = TaskEngine(storage: first, clock: clock)
            _ = try await creator.createTask(id: "bad", ttl: .seconds(60))
            try await first.close()
            try await DatabaseQueue(path: path).write { db in
                try db.execute(sql: "UPDATE task SET record = x'FF'")
            }
            // It is due as well, so that the sweeper meets it.
            clock.advance(by: .seconds(61))
            let storage = try await SQLiteStorage(path: path)
            let store = TaskEngine(storage: storage, clock: clock)
            let refusals = try await withThrowingTaskGroup(of: TaskwireError?.self) { group in
                for step in 0..<200 {
                    group.addTask {
                        guard step % 10 == 0 else {
                            _ = try await store.createTask(id: "t\(step)")
                            return nil
                        }
                        do {
                            _ = try await store.cancelTask("bad")
                            return nil
                        } catch let error as TaskwireError {
                            return error
                        }
                    }
                }
                var refusals: [TaskwireError] = []
                for try await case let refusal? in group { refusals.append(refusal) }
                return refusals
            }
            #expect(refusals.count == 20 && refusals.allSatisfy { $0.reason == .storeCorrupt })
            #expect(try await store.counts().tasks == 181)
            try await store.storage.close()
        }
    }

    @Test("a mutation sees what those before it in the same group did")
    func ordered() async throws {
        try await withStorage { store, _ in
            _ = try await store.createTask(id: "t")
            let states = try await withThrowingTaskGroup(of: TaskState.self) { group in
                for step in 0..<200 {
                    group.addTask { try await store.updateTask("t", statusMessage: "\(step)") }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(Set(states.map(\.revision)) == Set(2...201))
            #expect(try await store.getTask("t").revision == 201)
        }
    }

    @Test("a change of a task does not write its large request again")
    func largePayloads() async throws {
        try await withStorage { store, path in
            let request = Payload(data: (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0) })
            _ = try await store.createTask(id: "t", request: request)
            let before = try WriteAheadLog(of: path).bytes.count
            for step in 0..<20 { _ = try await store.updateTask("t", statusMessage: "\(step)") }
            #expect(try WriteAheadLog(of: path).bytes.count - before < 500_000)

            _ = try await store.storeResult(request, for: "t")
            var task = try await store.getTask("t", view: .full)
            #expect(task.request == request && task.result == request)
            _ = try await store.storeResult(.sample("small"), for: "t")
            task = try await store.getTask("t", view: .full)
            #expect(task.request == request && task.result == .sample("small"))
            _ = try await store.storeResult(request, for: "t")
            _ = try await store.cancelTask("t")
            task = try await store.getTask("t", view: .full)
            #expect(task.request == request && task.result == nil)
        }
    }

    @Test("a change of a task does not write its large questions again")
    func largeInteractions() async throws {
        try await withStorage { store, path in
            let question = Payload(data: (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0) })
            _ = try await store.createTask(id: "t")
            _ = try await store.requestInput("k", payload: question, for: "t")
            let before = try WriteAheadLog(of: path).bytes.count
            for step in 0..<20 { _ = try await store.updateTask("t", statusMessage: "\(step)") }
            #expect(try WriteAheadLog(of: path).bytes.count - before < 500_000)

            let asked = try await store.getTask("t", view: .full)
            #expect(asked.inputRequests == [InputRequest(key: "k", payload: question)])
            _ = try await store.provideInput(["k": .sample("short")], for: "t")
            #expect(try await store.waitForInput("k", of: "t") == .sample("short"))
        }
    }

    @Test("a change of a task does not write again what was taken out of its queue")
    func largeDeliveries() async throws {
        try await withStorage { store, path in
            let message = Payload(data: (0..<900_000).map { UInt8(truncatingIfNeeded: $0) })
            _ = try await store.createTask(id: "t")
            _ = try await store.enqueueMessage(message, kind: .notification, for: "t")
            let options = CallOptions(requestID: .random())
            let delivery = try await store.dequeueMessage("t", options: options)
            #expect(delivery.message?.payload == message)
            let before = try WriteAheadLog(of: path).bytes.count
            for step in 0..<20 { _ = try await store.updateTask("t", statusMessage: "\(step)") }
            #expect(try WriteAheadLog(of: path).bytes.count - before < 500_000)
            #expect(try await store.dequeueMessage("t", options: options) == delivery)
        }
    }
}

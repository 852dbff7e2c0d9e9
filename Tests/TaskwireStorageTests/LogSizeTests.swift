import Foundation
import GRDB
import Taskwire
import TaskwireStorage
import TaskwireTestSupport
import Testing

@Suite("The size of a store's log")
struct LogSizeTests {
    private func byteCount(_ path: String) throws -> Int {
        let attributes = try FileManager.default.attributesOfItem(atPath: path + "-wal")
        return try #require(attributes[.size] as? Int)
    }

    @Test(
        "what the log took while somebody read an old state comes back when the reader is gone, without a write"
    )
    func longReader() async throws {
        try await withTimeLimit {
            try await withTemporaryFolder { folder in
                let path = "\(folder)/tasks.db"
                let store = try await SQLiteTaskStore(path: path)
                _ = try await store.createTask(id: "t")
                var configuration = Configuration()
                configuration.allowsUnsafeTransactions = true
                let reader = try DatabaseQueue(path: path, configuration: configuration)
                let count = try await reader.writeWithoutTransaction { db in
                    try db.execute(sql: "BEGIN")
                    return try Int.fetchOne(db, sql: "SELECT count(*) FROM task")
                }
                #expect(count == 1)
                let large = Payload(data: [UInt8](repeating: 65, count: 1 << 20))
                for number in 0..<64 { _ = try await store.createTask(id: "t\(number)", request: large) }
                #expect(try byteCount(path) > 60 << 20)
                try reader.close()
                while try byteCount(path) > 40 << 20 { try await Task.sleep(for: .milliseconds(10)) }
                #expect(try await store.listTasks().tasks.count == 50)
                try await store.close()
            }
        }
    }
}

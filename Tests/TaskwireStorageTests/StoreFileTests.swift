import Foundation
import GRDB
import Taskwire
import TaskwireStorage
import TaskwireTestSupport
import Testing

@Suite("The file of a store")
struct StoreFileTests {
    private func permissions(_ path: String) throws -> Int {
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        return try #require(attributes[.posixPermissions] as? Int)
    }

    /// What opening the store at `path` is refused with.
    private func refusal(_ path: String, isChecked: Bool = false) async -> TaskwireError? {
        await #expect(throws: TaskwireError.self) {
            _ = try await SQLiteStorage(path: path, isChecked: isChecked)
        }
    }

    @Test("the folder is made for its owner alone, and so is each file in it")
    func permissions() async throws {
        try await withTemporaryFolder { folder in
            let path = "\(folder)/a/b/tasks.db"
            let store = try await SQLiteTaskStore(path: path)
            _ = try await store.createTask(id: "t")
            for made in ["\(folder)/a", "\(folder)/a/b"] { #expect(try permissions(made) == 0o700) }
            for name in try FileManager.default.contentsOfDirectory(atPath: "\(folder)/a/b") {
                #expect(try permissions("\(folder)/a/b/\(name)") == 0o600, "\(name)")
            }
        }
    }

    @Test("a file that others could read is closed to them")
    func tightened() async throws {
        try await withTemporaryFolder { folder in
            let path = "\(folder)/tasks.db"
            let attributes: [FileAttributeKey: Any] = [.posixPermissions: 0o644]
            #expect(FileManager.default.createFile(atPath: path, contents: nil, attributes: attributes))
            try await SQLiteStorage(path: path).close()
            #expect(try permissions(path) == 0o600)
        }
    }

    @Test("a second store on the file is refused until the first is closed")
    func oneAtATime() async throws {
        try await withTemporaryFolder { folder in
            let path = "\(folder)/tasks.db"
            let first = try await SQLiteStorage(path: path)
            let refusal = await refusal(path)
            #expect(refusal?.reason == .storeInUse)
            #expect(refusal?.message == "The store \(path) is in use by another process")
            try await first.close()
            try await SQLiteStorage(path: path).close()
        }
    }

    @Test("a store that is dropped closes its file, a little later")
    func dropped() async throws {
        try await withTemporaryFolder { folder in
            let path = "\(folder)/tasks.db"
            for step in 0..<20 {
                try await withTimeLimit {
                    while true {
                        do {
                            let store = try await SQLiteTaskStore(path: path)
                            _ = try await store.createTask(id: "t\(step)")
                            return
                        } catch let error as TaskwireError where error.reason == .storeInUse {
                            await Task.yield()
                        }
                    }
                }
            }
        }
    }

    @Test("a first start that was cut short is no obstacle to the next")
    func cutShort() async throws {
        try await withTemporaryFolder { folder in
            let path = "\(folder)/tasks.db"
            try await DatabaseQueue(path: path).write { db in
                try db.execute(sql: "CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY)")
            }
            let store = try await SQLiteTaskStore(path: path)
            _ = try await store.createTask(id: "t")
            try await store.close()
        }
    }

    @Test("a file of the first version is brought up to date and keeps its tasks")
    func olderVersion() async throws {
        try await withTemporaryFolder { folder in
            let path = "\(folder)/tasks.db"
            let old = try await SQLiteTaskStore(path: path)
            let task = try await old.createTask(id: "t", request: .everyByte)
            try await old.close()
            try await DatabaseQueue(path: path).write { db in
                try db.execute(
                    sql: """
                        DROP TABLE clock;
                        DROP TABLE large_interactions;
                        DROP TRIGGER unseal_mutations;
                        DROP TABLE sealed_mutations;
                        ALTER TABLE task DROP COLUMN sealed;
                        DELETE FROM grdb_migrations WHERE identifier > '1';
                        """
                )
            }
            let new = try await SQLiteTaskStore(path: path)
            let found = try await new.getTask("t", view: .full)
            #expect(found.request == .everyByte && found.createdAt == task.createdAt)
            let large = Payload(data: [UInt8](repeating: 1, count: 10_000))
            _ = try await new.enqueueMessage(large, kind: .notification, for: "t")
            let message = try await new.dequeueMessage("t").message
            #expect(message?.payload == large)
            try await new.close()
        }
    }

    @Test("a closed store refuses calls")
    func closed() async throws {
        try await withTemporaryFolder { folder in
            let storage = try await SQLiteStorage(path: "\(folder)/tasks.db")
            let store = TaskEngine(storage: storage, clock: ManualClock())
            try await storage.close()
            try await storage.close()
            let read = await #expect(throws: TaskwireError.self) { _ = try await store.getTask("t") }
            let write = await #expect(throws: TaskwireError.self) { _ = try await store.createTask() }
            #expect(read?.code == .unavailable && write?.code == .unavailable)
        }
    }

    @Test("a file of a newer version, or of another program, is refused and left as it is")
    func foreign() async throws {
        let makers: [(String, TaskwireError.Reason, String)] = [
            ("INSERT INTO grdb_migrations VALUES ('99')", .storeIncompatible, "newer version"),
            ("PRAGMA application_id = 7", .storeIncompatible, "another program"),
        ]
        for (sql, reason, word) in makers {
            try await withTemporaryFolder { folder in
                let path = "\(folder)/tasks.db"
                try await SQLiteStorage(path: path).close()
                try await DatabaseQueue(path: path).write { db in try db.execute(sql: sql) }
                let before = FileManager.default.contents(atPath: path)
                let refusal = await refusal(path)
                #expect(refusal?.reason == reason && refusal?.message.contains(word) == true)
                #expect(refusal?.message.contains(path) == true)
                #expect(FileManager.default.contents(atPath: path) == before)
            }
        }
        try await withTemporaryFolder { folder in
            let path = "\(folder)/other.db"
            try await DatabaseQueue(path: path).write { db in try db.execute(sql: "CREATE TABLE mine (x)") }
            let before = FileManager.default.contents(atPath: path)
            try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: path)
            #expect(await refusal(path)?.reason == .storeIncompatible)
            #expect(FileManager.default.contents(atPath: path) == before)
            #expect(try permissions(path) == 0o640)
        }
    }

    @Test("what is no database, no file, or somebody else's name for a file is refused")
    func unusable() async throws {
        try await withTemporaryFolder { folder in
            let text = "\(folder)/text"
            let words = Data("This is not a database.".utf8)
            try words.write(to: URL(filePath: text))
            let refused = await refusal(text)
            #expect(refused?.reason == .storeCorrupt)
            #expect(refused?.message == "Cannot open the store \(text): file is not a database")
            #expect(FileManager.default.contents(atPath: text) == words)

            try FileManager.default.createDirectory(atPath: "\(folder)/d", withIntermediateDirectories: false)
            #expect(await refusal("\(folder)/d")?.reason == .storeFailed)
            try FileManager.default.createSymbolicLink(atPath: "\(folder)/l", withDestinationPath: text)
            let link = await refusal("\(folder)/l")
            #expect(link?.reason == .storeFailed)
            #expect(link?.message.contains("it is a symbolic link to \(text); name the file itself") == true)
            #expect(await refusal("/proc/nowhere/tasks.db")?.message.contains("/proc/nowhere") == true)
            let names = try FileManager.default.contentsOfDirectory(atPath: folder)
            #expect(names.sorted() == ["d", "l", "text"])
        }
    }

    @Test("a file in use is refused by another name of it, too, and goes on to be used")
    func otherNames() async throws {
        try await withTemporaryFolder { folder in
            let path = "\(folder)/tasks.db"
            let storage = try await SQLiteStorage(path: path)
            let store = TaskEngine(storage: storage, clock: ManualClock())
            _ = try await store.createTask(id: "t1")
            for folder in ["\(folder)/snapshot", "\(folder)/new"] {
                try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
            }
            try FileManager.default.linkItem(atPath: path, toPath: "\(folder)/snapshot/copy.db")
            try FileManager.default.createSymbolicLink(
                atPath: "\(folder)/same",
                withDestinationPath: folder
            )
            #expect(try isLockedBySQLite(path))
            for other in ["\(folder)/snapshot/copy.db", "\(folder)/same/tasks.db"] {
                #expect(await refusal(other)?.message == "The store \(other) is in use by another process")
            }
            #expect(try isLockedBySQLite(path), "what SQLite locked is locked no more")
            #expect(try FileManager.default.contentsOfDirectory(atPath: "\(folder)/snapshot") == ["copy.db"])
            _ = try await store.createTask(id: "t2")
            try await storage.close()

            let other = try await SQLiteTaskStore(path: "\(folder)/snapshot/copy.db")
            #expect(try await other.listTasks().tasks.count == 2)
            try await other.close()
        }
    }

    /// Whether SQLite's lock of a database that is open is seen by another process.
    private func isLockedBySQLite(_ path: String) throws -> Bool {
        let script = """
            import fcntl, os, struct, sys
            # struct flock of the 510 bytes that readers share (https://www.sqlite.org/src/file/src/os.h).
            lock = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0x40000002, 510, 0)
            found = fcntl.fcntl(os.open(sys.argv[1], os.O_RDWR), fcntl.F_GETLK, lock)
            sys.exit(struct.unpack("hhqqi4x", found)[0] == fcntl.F_UNLCK)
            """
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3", "-c", script, path]
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus == 0
    }

    @Test("a start that fails leaves nothing that was not there, beside a file of another program either")
    func nothingLeft() async throws {
        try await withTemporaryFolder { folder in
            try await DatabaseQueue(path: "\(folder)/other.db").writeWithoutTransaction { db in
                try db.execute(sql: "PRAGMA journal_mode = WAL; CREATE TABLE mine (x)")
            }
            let newer = try await SQLiteStorage(path: "\(folder)/newer.db")
            try await newer.close()
            try await DatabaseQueue(path: "\(folder)/newer.db").write { db in
                try db.execute(sql: "INSERT INTO grdb_migrations VALUES ('99')")
            }
            let before = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
            for name in ["other.db", "newer.db"] {
                #expect(await refusal("\(folder)/\(name)")?.reason == .storeIncompatible)
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == before)
        }
    }

    @Test("a store that is discarded goes with its folder, unless it was there before or has something in it")
    func discarded() async throws {
        try await withTemporaryFolder { folder in
            let path = "\(folder)/a/b/tasks.db"
            try await SQLiteStorage(path: path).discard()
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)

            let used = try await SQLiteStorage(path: path)
            _ = try await TaskEngine(storage: used, clock: ManualClock()).createTask(id: "t")
            await used.discard()
            #expect(try FileManager.default.contentsOfDirectory(atPath: "\(folder)/a/b") == ["tasks.db"])
            await (try SQLiteStorage(path: path)).discard()
            #expect(FileManager.default.fileExists(atPath: path))
        }
    }

    @Test("a store that was closed can be opened again, although a child process still has what was open")
    func inherited() async throws {
        try await withTemporaryFolder { folder in
            let path = "\(folder)/tasks.db"
            let first = try await SQLiteStorage(path: path)
            // What a fork leaves in the child until its program begins.
            let descriptors = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").filter {
                name in
                let file = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(name)")
                return file == path
            }
            let copies = descriptors.compactMap { Int32($0) }.map { dup($0) }
            defer { for copy in copies { close(copy) } }
            #expect(!copies.isEmpty)
            try await first.close()
            try await SQLiteStorage(path: path).close()
        }
    }

    @Test("a damaged file is found before anything is served, where that is asked for")
    func checked() async throws {
        try await withTemporaryFolder { folder in
            let path = "\(folder)/tasks.db"
            let storage = try await SQLiteStorage(path: path)
            let store = TaskEngine(storage: storage, clock: ManualClock())
            for step in 0..<500 { _ = try await store.createTask(id: "t\(step)", request: .everyByte) }
            try await storage.close()
            try await SQLiteStorage(path: path, isChecked: true).close()

            let file = try FileHandle(forUpdating: URL(filePath: path))
            try file.seek(toOffset: 20 * 4096)
            try file.write(contentsOf: Data(repeating: 0xAB, count: 3 * 4096))
            try file.close()
            let refusal = await refusal(path, isChecked: true)
            #expect(refusal?.reason == .storeCorrupt)
            #expect(refusal?.message.hasPrefix("Cannot open the store \(path): ") == true)
        }
    }
}

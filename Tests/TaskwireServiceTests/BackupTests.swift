import Foundation
import Taskwire
import TaskwireClient
import TaskwireProtobuf
import TaskwireRPC
import TaskwireServer
import TaskwireStorage
import TaskwireTestSupport
import Testing

@Suite("Backups")
struct BackupTests {
    /// A server of an SQLite store with two tasks, and a client that speaks the envelope by hand.
    private struct Subject: Sendable {
        let url: String
        let client: RawClient
        let store: TaskEngine<SQLiteStorage, ManualClock>
        let clock: ManualClock
        let folder: String

        func start() async throws -> StartBackupReply {
            try await call("StartBackup", EmptyRequest())
        }

        func read(_ id: String, at offset: Int64, maxBytes: Int64 = 0) async throws -> [UInt8] {
            let request = ReadBackupRequest(backupID: id, offset: offset, maxBytes: maxBytes)
            return try await call("ReadBackup", request, as: ReadBackupReply.self).data
        }

        func end(_ id: String) async throws {
            _ = try await call("EndBackup", EndBackupRequest(backupID: id), as: EndBackupReply.self)
        }

        /// How many files without a name this process has open in the folder.
        func nameless() throws -> Int {
            let descriptors = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")
            return descriptors.count { descriptor in
                let path = try? FileManager.default.destinationOfSymbolicLink(
                    atPath: "/proc/self/fd/\(descriptor)"
                )
                return path?.hasPrefix(folder) == true && path?.hasSuffix("(deleted)") == true
            }
        }

        private func call<Reply: WireDecodable>(
            _ method: String,
            _ request: some WireEncodable,
            as type: Reply.Type = Reply.self
        ) async throws -> Reply {
            let response = try await client.send(
                .call(RawClient.call("ServerService/\(method)", request, requestID: nil))
            )
            guard case .reply(let reply) = response else { throw CancellationError() }
            return try reply.decoded(as: type, arena: Arena())
        }
    }

    private func withSubject(
        limits: ServerLimits = ServerLimits(),
        _ body: @escaping @Sendable (Subject) async throws -> Void
    ) async throws {
        try await withTimeLimit {
            try await withTemporaryFolder { folder in
                let clock = ManualClock()
                let storage = try await SQLiteStorage(path: "\(folder)/tasks.db", limits: .fitting(limits))
                let store = TaskEngine(storage: storage, clock: clock)
                let task = try await store.createTask(request: .everyByte)
                _ = try await store.completeTask(
                    task.id,
                    result: Payload(data: [UInt8](repeating: 7, count: 200_000))
                )
                _ = try await store.createTask()
                let urls = ["abstract://\(generateTaskID())"]
                try await withServer(on: store, listen: urls, limits: limits) { server in
                    let url = server.urls[0]
                    let client = try RawClient(url: url)
                    try await body(
                        Subject(url: url, client: client, store: store, clock: clock, folder: folder)
                    )
                    await client.socket.close()
                }
                try await storage.close()
            }
        }
    }

    private func refusal(_ body: () async throws -> Void) async throws -> TaskwireError {
        try await #require(throws: TaskwireError.self) { try await body() }
    }

    @Test
    func chunksOfAnySizeMakeUpTheSameStore() async throws {
        var limits = ServerLimits()
        limits.maxMessageBytes = 65_536
        try await withSubject(limits: limits) { subject in
            let start = try await subject.start()
            func all(maxBytes: Int64) async throws -> (bytes: [UInt8], largest: Int) {
                var bytes: [UInt8] = []
                var largest = 0
                while Int64(bytes.count) < start.byteCount {
                    let chunk = try await subject.read(
                        start.backupID,
                        at: Int64(bytes.count),
                        maxBytes: maxBytes
                    )
                    try #require(!chunk.isEmpty)
                    largest = max(largest, chunk.count)
                    bytes += chunk
                }
                return (bytes, largest)
            }
            let small = try await all(maxBytes: 5000)
            let own = try await all(maxBytes: 0)
            let huge = try await all(maxBytes: .max)
            #expect(Int64(small.bytes.count) == start.byteCount && start.byteCount > 200_000)
            #expect(small.bytes == own.bytes && own.bytes == huge.bytes)
            #expect(small.largest == 5000 && own.largest == 32_768 && huge.largest == 32_768)
            #expect(own.bytes.starts(with: "SQLite format 3\0".utf8))
            #expect(try await subject.read(start.backupID, at: start.byteCount).isEmpty)
        }
    }

    @Test
    func badInputIsRefused() async throws {
        try await withSubject { subject in
            let start = try await subject.start()
            let id = start.backupID
            for (offset, maxBytes, field) in [
                (-1, 0, "offset: "), (.min, 0, "offset: "), (start.byteCount + 1, 0, "offset: "),
                (.max, 0, "offset: "), (0, -1, "max_bytes: "), (0, .min, "max_bytes: "),
            ] as [(Int64, Int64, String)] {
                let error = try await refusal {
                    _ = try await subject.read(id, at: offset, maxBytes: maxBytes)
                }
                #expect(error.code == .invalidArgument && error.reason == .invalidField)
                #expect(error.message.hasPrefix(field), "\(error)")
            }
            for unknown in ["", "nowhere", id.uppercased(), String(repeating: "x", count: 100_000)] {
                let error = try await refusal { _ = try await subject.read(unknown, at: 0) }
                #expect(error.code == .notFound && error.reason == .backupNotFound)
                try await subject.end(unknown)
            }
            let read = ReadBackupRequest(backupID: id, offset: 0)
            let calls = [
                RawClient.call("ServerService/StartBackup", EmptyRequest(), requestID: nil),
                RawClient.call("ServerService/ReadBackup", read, requestID: nil),
            ]
            let batch = RPCRequest.batch(calls.map { .success($0) })
            guard case .batch(let replies) = try await subject.client.send(batch) else {
                Issue.record("no batch")
                return
            }
            for reply in replies {
                let error = #expect(throws: TaskwireError.self) {
                    try reply.decoded(as: EndBackupReply.self, arena: Arena())
                }
                #expect(error?.code == .invalidArgument)
            }
            #expect(try await subject.read(id, at: 0).starts(with: "SQLite format 3\0".utf8))
        }
    }

    @Test
    func thereIsOneAtATimeAndAnEndedOneMakesRoom() async throws {
        try await withSubject { subject in
            let first = try await subject.start()
            #expect(try subject.nameless() == 1)
            let error = try await refusal { _ = try await subject.start() }
            #expect(error.code == .resourceExhausted && error.reason == .tooManyRequests)
            #expect(error.retryAfter != nil)
            try await subject.end(first.backupID)
            try await subject.end(first.backupID)
            let second = try await subject.start()
            #expect(first.backupID != second.backupID)
            _ = try await refusal { _ = try await subject.read(first.backupID, at: 0) }
            try await subject.end(first.backupID)
            #expect(try await subject.read(second.backupID, at: 0).count > 0)
        }
    }

    @Test
    func oneThatNobodyReadsIsForgotten() async throws {
        try await withSubject { subject in
            let id = try await subject.start().backupID
            await subject.clock.untilSleeping(for: .seconds(60))
            subject.clock.advance(by: .milliseconds(59_999))
            _ = try await subject.read(id, at: 0)
            subject.clock.advance(by: .milliseconds(59_999))
            _ = try await subject.read(id, at: 0)
            subject.clock.advance(by: .seconds(60))
            let error = try await refusal { _ = try await subject.read(id, at: 0) }
            #expect(error.reason == .backupNotFound)
            while try subject.nameless() > 0 { try await Task.sleep(for: .milliseconds(10)) }
        }
    }

    @Test
    func oneThatIsReadIsForgottenAfterAnHour() async throws {
        try await withSubject { subject in
            let id = try await subject.start().backupID
            for _ in 0..<79 {
                subject.clock.advance(by: .seconds(45))
                _ = try await subject.read(id, at: 0)
            }
            subject.clock.advance(by: .seconds(45))
            let error = try await refusal { _ = try await subject.read(id, at: 0) }
            #expect(error.reason == .backupNotFound)
            while try subject.nameless() > 0 { try await Task.sleep(for: .milliseconds(10)) }
            _ = try await subject.start()
        }
    }

    @Test
    func oneIsForgottenWithTheConnectionOfItsClient() async throws {
        try await withSubject { subject in
            for _ in 0..<3 {
                let other = try RawClient(url: subject.url)
                let start = RawClient.call("ServerService/StartBackup", EmptyRequest(), requestID: nil)
                #expect(try await other.refusal(of: start) == nil)
                #expect(try await subject.client.refusal(of: start)?.reason == .tooManyRequests)
                await other.socket.close()
                while try subject.nameless() > 0 { try await Task.sleep(for: .milliseconds(10)) }
            }
            // The time of none of them is over.
            let id = try await subject.start().backupID
            #expect(try await subject.read(id, at: 0).count > 0)
        }
    }

    @Test
    func oneThatIsBeingMadeEndsWithTheConnectionOfItsClient() async throws {
        try await withTimeLimit {
            let storage = EndlessBackupStorage()
            let engine = TaskEngine(storage: storage, clock: ManualClock())
            try await withServer(on: engine, listen: ["abstract://\(generateTaskID())"]) { server in
                for count in 1...3 {
                    let client = try RawClient(url: server.urls[0])
                    let call = Task {
                        let start = RawClient.call(
                            "ServerService/StartBackup",
                            EmptyRequest(),
                            requestID: nil
                        )
                        _ = try await client.refusal(of: start)
                    }
                    while storage.begun < count { try await Task.sleep(for: .milliseconds(10)) }
                    await client.socket.close()
                    while storage.ended < count { try await Task.sleep(for: .milliseconds(10)) }
                    _ = await call.result
                }
            }
        }
    }

    @Test
    func aBackupLeavesNoNameBesideTheStore() async throws {
        try await withSubject { subject in
            _ = try await subject.start()
            let names = try FileManager.default.contentsOfDirectory(atPath: subject.folder)
            #expect(Set(names).isSubset(of: ["tasks.db", "tasks.db-wal", "tasks.db-shm"]))
        }
    }

    @Test
    func copiesThatACrashLeftGoWhenTheStoreIsOpened() async throws {
        try await withTemporaryFolder { folder in
            let copy = "tasks.db.taskwire-copy-0123456789abcdef"
            let left = [copy, copy + "-journal"]
            let others = [
                "tasks.db.copy-1f", "other.db.taskwire-copy-0123456789abcdef", copy + "0", copy + "-old",
                String(copy.dropLast()), copy.replacing("abcdef", with: "ABCDEF"), "tasks.db.taskwire-copy-",
            ]
            for name in left + others {
                #expect(FileManager.default.createFile(atPath: "\(folder)/\(name)", contents: Data([1])))
            }
            let storage = try await SQLiteStorage(path: "\(folder)/tasks.db")
            let names = try FileManager.default.contentsOfDirectory(atPath: folder)
            #expect(Set(names).isDisjoint(with: left) && Set(names).isSuperset(of: others))
            try await storage.close()
        }
    }

    @Test
    func aMemoryStoreHasNone() async throws {
        try await withRawClient { client, _ in
            let call = RawClient.call("ServerService/StartBackup", EmptyRequest(), requestID: nil)
            let error = try #require(try await client.refusal(of: call))
            #expect(error.code == .unimplemented && error.reason == .methodNotServed)
            #expect(error.message == "A store of the kind memory cannot be backed up")
        }
    }

    @Test
    func theClientReadsAllAndTellsTheServerThatItIsDone() async throws {
        struct Stop: Error {}
        try await withSubject { subject in
            let client = try TaskwireClient(url: subject.url)
            let expected = try await subject.store.listTasks(ListTasksRequest()).tasks
            let bytes = try await client.withBackup { backup in
                var bytes: [UInt8] = []
                for try await chunk in backup { bytes += chunk }
                #expect(Int64(bytes.count) == backup.byteCount)
                return bytes
            }
            for _ in 0..<3 {
                await #expect(throws: Stop.self) { try await client.withBackup { _ in throw Stop() } }
            }
            await client.close()

            let path = "\(subject.folder)/copy.db"
            let file = "\(subject.folder)/tasks.backup"
            try Data(bytes).write(to: URL(filePath: file))
            let refusal = try await refusal { _ = try await SQLiteStorage(path: file) }
            #expect(refusal.message.contains("is a backup"))
            _ = try await SQLiteStorage.restore(file, to: path, isReplacing: false)
            let storage = try await SQLiteStorage(path: path, isChecked: true)
            let copy = TaskEngine(storage: storage, clock: subject.clock)
            #expect(try await copy.listTasks(ListTasksRequest()).tasks == expected)
            #expect(try await copy.counts() == subject.store.counts())
            try await storage.close()
        }
    }

    @Test
    func aCancelledBackupLeavesNothing() async throws {
        try await withSubject { subject in
            let task = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                _ = try await subject.store.backUp()
            }
            await #expect(throws: CancellationError.self) { try await task.value }
            let names = try FileManager.default.contentsOfDirectory(atPath: subject.folder)
            #expect(!names.contains { $0.contains("copy") })
            _ = try await subject.store.createTask()
        }
    }
}

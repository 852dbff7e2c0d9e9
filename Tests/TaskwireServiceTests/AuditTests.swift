import Logging
import Synchronization
import Taskwire
import TaskwireClient
import TaskwireProtobuf
import TaskwireServer
import TaskwireTestSupport
import Testing

@Suite("Audit log")
struct AuditTests {
    /// What a server logged.
    private final class Records: Sendable {
        struct Record: Sendable {
            let level: Logger.Level
            let message: String
            let metadata: [String: String]
        }

        private let records = Mutex<[Record]>([])

        var all: [Record] { records.withLock { $0 } }

        func of(_ level: Logger.Level) -> [Record] { all.filter { $0.level == level } }

        func count(_ message: String) -> Int { all.count { $0.message == message } }

        func append(_ record: Record) { records.withLock { $0.append(record) } }
    }

    private struct Handler: LogHandler {
        let records: Records
        var logLevel: Logger.Level
        var metadata: Logger.Metadata = [:]

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let metadata = (event.metadata ?? [:]).mapValues { "\($0)" }
            records.append(.init(level: event.level, message: "\(event.message)", metadata: metadata))
        }
    }

    /// Runs `body` with a server that logs, and its file of tokens.
    private static func withServer(
        _ level: Logger.Level,
        on engine: TaskEngine<MemoryStorage, some TaskClock> = InMemoryTaskStore(),
        _ body: @escaping @Sendable (Tokens, _ url: String, Records) async throws -> Void
    ) async throws {
        try await withTemporaryFolder { folder in
            let tokens = try Tokens(for: ["alice", "worker:alice", "admin"], in: folder)
            let accepted = try AccessTokens(path: tokens.path)
            let records = Records()
            try await TaskwireServiceTests.withServer(
                on: engine,
                listen: ["tcp://127.0.0.1:0"],
                logger: Logger(label: "test") { _ in Handler(records: records, logLevel: level) }
            ) {
                $0.tokens = accepted
            } _: { server in
                try await body(tokens, server.urls[0], records)
            }
        }
    }

    private static let trace = [
        "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "tracestate": "rojo=00f067aa0ba902b7",
        "other": "not for the log",
    ]

    @Test("what was created, ended and deleted is told once, with everything that tells who did it")
    func events() async throws {
        try await Self.withServer(.info) { tokens, url, records in
            let options = CallOptions(requestID: .random(), metadata: Self.trace)
            try await tokens.withClient(of: "alice", at: url) { alice async throws in
                for id in ["a", "b", "c", "d", "e"] {
                    _ = try await alice.createTask(
                        CreateTaskRequest(taskID: id, request: Payload(text: "payload")),
                        options: options
                    )
                }
                _ = try await alice.completeTask("a", result: Payload(text: "payload"))
                _ = try await alice.failTask("b", error: TaskError(message: "payload"))
                _ = try await alice.cancelTask("c")
                let cancellation = CancelTaskRequest(taskID: "d", mode: .request)
                _ = try await alice.cancelTask(cancellation, options: .default)
                _ = try await alice.updateTask(
                    UpdateTaskRequest(taskID: "e", statusMessage: "x"),
                    options: .default
                )
                _ = try await alice.updateTask(
                    UpdateTaskRequest(taskID: "e", status: .cancelled),
                    options: .default
                )
                #expect(try await alice.deleteTask("e"))
                #expect(try await !alice.deleteTask("e"))
                // Reads, and what changes nothing that anybody asks for later.
                _ = try await alice.getTask("a")
                _ = try await alice.listTasks()
                _ = try await alice.waitForResult("a")
            }
            let events = records.of(.info).filter { $0.metadata["method"] != nil }
            #expect(
                events.map { "\($0.message) \($0.metadata["task"] ?? "")" } == [
                    "task created a", "task created b", "task created c", "task created d", "task created e",
                    "task completed a", "task failed b", "task cancelled c", "task cancellation requested d",
                    "task cancelled e", "task deleted e",
                ]
            )
            let creation = try #require(events.first).metadata
            #expect(creation["owner"] == "alice" && creation["caller"] == "alice")
            #expect(creation["method"] == "taskwire.v1.TaskService/CreateTask")
            #expect(creation["peer"]?.hasPrefix("127.0.0.1:") == true)
            #expect(creation["request_id"] == options.requestID.map { "\($0)" })
            #expect(creation["traceparent"] == Self.trace["traceparent"])
            #expect(creation["tracestate"] == Self.trace["tracestate"])
            #expect(creation["other"] == nil)
        }
    }

    @Test
    func `claims, lost leases, expiry and removal are told once, with owner and task`() async throws {
        let clock = ManualClock()
        let engine = TaskEngine(storage: MemoryStorage(), clock: clock)
        try await Self.withServer(.info, on: engine) { tokens, url, records in
            try await tokens.withClient(of: "alice", at: url) { alice async throws in
                for id in ["expires", "fails", "returns", "read"] {
                    _ = try await alice.createTask(id: id, ttl: .seconds(3600))
                }
                let losses: [(String, LeaseLossPolicy)] = [("fails", .fail), ("returns", .release)]
                for (id, onLoss) in losses {
                    _ = try await alice.claimTask(id, worker: "w-\(id)", lease: .seconds(10), onLoss: onLoss)
                }
                // The sweeper sleeps by the same clock, and may begin to do so after it was advanced.
                @Sendable func untilTold(_ message: String, count: Int) async throws {
                    try await withTimeLimit {
                        while records.count(message) < count {
                            try Task.checkCancellation()
                            clock.advance(by: .seconds(1))
                            await Task.yield()
                        }
                    }
                }
                // A read sees one first, and the sweeper the other.
                clock.advance(by: .seconds(11))
                #expect(try await alice.getTask("fails").status == .failed)
                try await untilTold("lease lost", count: 2)
                clock.advance(by: .seconds(3600))
                #expect(try await alice.getTask("read").status == .failed)
                try await untilTold("task expired", count: 3)
                // A mutation finds a task whose time after its end is over.
                clock.advance(by: .seconds(3600))
                #expect(await refusal { _ = try await alice.cancelTask("read") }?.reason == .taskExpired)
                try await untilTold("task removed, its time is over", count: 4)
            }
            let told = records.of(.info).filter { $0.metadata["task"] != nil && $0.message != "task created" }
            #expect(told.allSatisfy { $0.metadata["owner"] == "alice" })
            func lines(_ message: String) -> [String] {
                told.filter { $0.message == message }
                    .map {
                        [$0.metadata["task"], $0.metadata["worker"]].compactMap(\.self).joined(separator: " ")
                    }
                    .sorted()
            }
            #expect(lines("task claimed") == ["fails w-fails", "returns w-returns"])
            #expect(lines("lease lost") == ["fails w-fails", "returns w-returns"])
            #expect(lines("task expired") == ["expires", "read", "returns"])
            #expect(lines("task removed, its time is over") == ["expires", "fails", "read", "returns"])
            #expect(told.count == 11)
        }
    }

    @Test
    func `a time to live that is shortened below the task's age is told as expiry`() async throws {
        let clock = ManualClock()
        let engine = TaskEngine(storage: MemoryStorage(), clock: clock)
        try await Self.withServer(.info, on: engine) { tokens, url, records in
            try await tokens.withClient(of: "alice", at: url) { alice async throws in
                _ = try await alice.createTask(id: "t")
                clock.advance(by: .seconds(60))
                let update = UpdateTaskRequest(taskID: "t", ttl: .seconds(1))
                #expect(try await alice.updateTask(update, options: .default).status == .failed)
            }
            #expect(records.count("task expired") == 1)
        }
    }

    @Test
    func `results that are read are told at debug, with owner and task, and not above`() async throws {
        for level in [Logger.Level.debug, .info] {
            try await Self.withServer(level) { tokens, url, records in
                try await tokens.withClient(of: "alice", at: url) { alice async throws in
                    _ = try await alice.createTask(id: "t")
                    _ = try await alice.getResult("t", options: .default)
                    _ = try await alice.completeTask("t", result: Payload(text: "payload"))
                    _ = try await alice.getTask("t")
                    _ = try await alice.getTask("t", view: .request, options: .default)
                    _ = try await alice.getResult("t", options: .default)
                    _ = try await alice.getTask("t", view: .full, options: .default)
                    _ = try await alice.awaitResult(AwaitResultRequest(taskID: "t"), options: .default)
                }
                let reads = records.all.filter { $0.message == "result read" }
                #expect(reads.count == (level == .debug ? 3 : 0))
                #expect(
                    reads.allSatisfy {
                        $0.level == .debug && $0.metadata["owner"] == "alice" && $0.metadata["task"] == "t"
                    }
                )
            }
        }
    }

    @Test("what is not allowed is told, once per peer, reason and second")
    func refusals() async throws {
        try await Self.withServer(.notice) { tokens, url, records in
            try await withTaskwireClient(url) { stranger async throws in
                for _ in 0..<100 { _ = await refusal { _ = try await stranger.getTask("a") } }
            }
            try await tokens.withClient(of: "worker:alice", at: url) { worker async throws in
                _ = await refusal { _ = try await worker.createTask() }
                // The answer of somebody else's business is no refusal.
                _ = await refusal { _ = try await worker.getTask("nowhere") }
            }
            let refusals = records.of(.notice).filter { $0.message == "refused" }
            let strangers = refusals.filter { $0.metadata["reason"] == "UNAUTHENTICATED" }
            #expect(1..<100 ~= strangers.count)
            #expect(strangers.allSatisfy { $0.metadata["caller"] == nil && $0.metadata["peer"] != nil })
            let worker = refusals.filter { $0.metadata["reason"] == "PERMISSION_DENIED" }
            #expect(worker.count == 1 && worker.first?.metadata["caller"] == "worker:alice")
            #expect(worker.first?.metadata["method"] == "taskwire.v1.TaskService/CreateTask")
            #expect(refusals.count == strangers.count + worker.count)
        }
    }

    @Test("at debug each call is one line, and no line has a payload or a token")
    func calls() async throws {
        try await Self.withServer(.trace) { tokens, url, records in
            try await tokens.withClient(of: "alice", at: url) { alice async throws in
                let task = try await alice.createTask(id: "a", request: Payload(text: "payload"))
                try await withTaskExecution(of: task.id, in: alice) { context in
                    try await context.updateStatus("working on it")
                    try await context.complete(Payload(text: "payload"))
                }
                _ = try await alice.getTask("a", view: .full, options: .default)
                _ = await refusal { _ = try await alice.getTask("nowhere") }
            }
            _ = await refusal {
                try await tokens.withClient(of: "alice", at: url, owner: "bob") { _ = try await $0.ping() }
            }
            let calls = records.of(.debug).filter { $0.message == "call" }
            let reads = calls.filter { $0.metadata["method"] == "taskwire.v1.TaskService/GetTask" }
            #expect(reads.suffix(2).map { $0.metadata["code"] } == ["OK", "NOT_FOUND"])
            #expect(calls.filter { $0.metadata["method"] == "taskwire.v1.TaskService/CreateTask" }.count == 1)
            #expect(calls.allSatisfy { $0.metadata["duration_ms"] != nil })
            for record in records.all {
                for text in [record.message] + record.metadata.values {
                    #expect(!text.contains("payload") && !text.contains(tokens["alice"]))
                }
            }
        }
    }
}

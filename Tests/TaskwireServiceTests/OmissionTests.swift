import Taskwire
import TaskwireClient
import TaskwireProtobuf
import TaskwireServer
import TaskwireStorage
import TaskwireTestSupport
import Testing

/// What a reply leaves out where a task has more than a message takes.
@Suite("Omission")
struct OmissionTests {
    private static let maxMessageBytes = 65_536
    private static let text = String(repeating: "x", count: TaskLimits.maxTextBytes)
    private static let labels = Dictionary(
        uniqueKeysWithValues: (0..<16).map { ("label-\($0)", String(repeating: "y", count: 256)) }
    )

    private static func payload(_ count: Int) -> Payload {
        Payload(data: (0..<count).map { UInt8(truncatingIfNeeded: $0) }, contentType: "a/b")
    }

    /// Calls `body` with a client of a server whose messages are small, over each kind of store.
    private func withClient(_ body: @escaping @Sendable (TaskwireClient) async throws -> Void) async throws {
        var limits = ServerLimits()
        limits.maxMessageBytes = Self.maxMessageBytes
        let wire = limits
        let listen = ["abstract://\(generateTaskID())"]
        try await withServer(on: InMemoryTaskStore(limits: .fitting(limits)), listen: listen, limits: wire) {
            try await withTaskwireClient($0.urls[0]) { try await body($0) }
        }
        try await withTemporaryFolder { folder in
            let store = try await SQLiteTaskStore(path: "\(folder)/tasks.db", limits: .fitting(wire))
            let listen = ["abstract://\(generateTaskID())"]
            try await withServer(on: store, listen: listen, limits: wire) {
                try await withTaskwireClient($0.urls[0]) { try await body($0) }
            }
            try await store.close()
        }
    }

    @Test
    func `a task whose request and stored result exceed a message stays workable`() async throws {
        try await withClient { client in
            let request = Self.payload(50_000)
            let result = Self.payload(40_000)
            _ = try await client.createTask(id: "t", request: request)
            let stored = StoreResultRequest(taskID: "t", result: result)
            _ = try await client.storeResult(stored, options: .default)
            let view = try await client.getTask("t", view: .request, options: .default)
            #expect(view.request == request && view.result == nil && view.omittedFields.isEmpty)
            let full = try await client.getTask("t", view: .full, options: .default)
            #expect(full.request == request && full.result == nil && full.omittedFields == ["result"])
            let change = try await client.waitTask(
                WaitTaskRequest(taskID: "t", afterRevision: 0, view: .full),
                options: .default
            )
            #expect(change.task == full)
            #expect(try await client.getResult("t", options: .default).result == result)
            // The next worker gets its request, and ends the task.
            try await withTaskExecution(of: "t", in: client) { context in
                #expect(context.request == request)
                try await context.complete(Payload(text: "done"))
            }
            let ended = try await client.getTask("t", view: .full, options: .default)
            #expect(ended.result?.text == "done" && ended.omittedFields.isEmpty)
        }
    }

    @Test
    func `the largest request and the largest result are readable beside the longest texts`() async throws {
        try await withClient { client in
            let largest = Self.payload(Self.maxMessageBytes - 4096 - 3)
            // The store takes texts that the message of the creation has no room for.
            let creation = CreateTaskRequest(taskID: "t", labels: ["team": "a"], request: largest)
            _ = try await client.createTask(creation, options: .default)
            let update = UpdateTaskRequest(taskID: "t", statusMessage: Self.text)
            _ = try await client.updateTask(update, options: .default)
            let view = try await client.getTask("t", view: .request, options: .default)
            #expect(view.request == largest && view.omittedFields == ["status_message"])
            #expect(view.labels == ["team": "a"])
            let basic = try await client.completeTask("t", result: largest)
            #expect(basic.statusMessage == Self.text && basic.omittedFields.isEmpty)
            let outcome = try await client.getResult("t", options: .default)
            #expect(outcome.result == largest && outcome.task.omittedFields == ["status_message"])
            let awaited = try await client.awaitResult(AwaitResultRequest(taskID: "t"), options: .default)
            #expect(awaited == outcome)
        }
    }

    @Test
    func `messages and questions are readable beside the longest texts`() async throws {
        try await withClient { client in
            let creation = CreateTaskRequest(
                taskID: "t",
                labels: Self.labels,
                request: Self.payload(20_000),
                immediateResponse: Self.text,
                statusMessage: Self.text
            )
            _ = try await client.createTask(creation, options: .default)
            let question = Self.payload(30_000)
            let ask = RequestInputRequest(taskID: "t", key: "k", payload: question)
            _ = try await client.requestInput(ask, options: .default)
            let peeked = try await client.peekMessage("t", options: .default)
            #expect(peeked.message?.payload == question)
            #expect(peeked.task.omittedFields == ["immediate_response"])
            let full = try await client.getTask("t", view: .full, options: .default)
            #expect(full.inputRequests == [InputRequest(key: "k", payload: question)])
            #expect(full.omittedFields == ["request", "immediate_response"])
        }
    }
}

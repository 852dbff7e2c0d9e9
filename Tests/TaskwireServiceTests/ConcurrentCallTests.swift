import Foundation
import Taskwire
import TaskwireClient
import TaskwireProtobuf
import TaskwireRPC
import TaskwireServer
import TaskwireTestSupport
import Testing

@Suite("Concurrent calls")
struct ConcurrentCallTests {
    /// What a test gets: a relay on the way from a client to a server, and that server's tasks.
    private struct Subject: Sendable {
        var relay: Relay
        var client: TaskwireClient
        var store: InMemoryTaskStore
        var ids: [String]
    }

    /// Runs `body` with `count` tasks and a client that has had its first answer.
    private func withSubject(
        count: Int,
        limits: ServerLimits = ServerLimits(),
        configuration: TaskwireClient.Configuration = TaskwireClient.Configuration(),
        _ body: @escaping @Sendable (Subject) async throws -> Void
    ) async throws {
        let store = InMemoryTaskStore(limits: .fitting(limits))
        let listen = ["abstract://\(generateTaskID())"]
        try await withServer(on: store, listen: listen, limits: limits) { server in
            try await Relay.run(to: server.urls[0]) { relay, url in
                let client = try TaskwireClient(url: url, configuration: configuration)
                var ids: [String] = []
                for _ in 0..<count { ids.append(try await store.createTask().id) }
                _ = try await client.ping()
                try await body(Subject(relay: relay, client: client, store: store, ids: ids))
                await client.close()
            }
        }
    }

    /// Makes one call for each element while none gets an answer, and returns what they came to.
    private func together<Element: Sendable, Output: Sendable>(
        _ elements: [Element],
        on relay: Relay,
        _ call: @escaping @Sendable (Element) async throws -> Output
    ) async throws -> [Output] {
        relay.set(.holding)
        let before = relay.callCount
        let calls = elements.map { element in Task { try await call(element) } }
        await relay.untilCalls(before + elements.count)
        relay.set(.passing)
        var outputs: [Output] = []
        for call in calls { outputs.append(try await call.value) }
        return outputs
    }

    @Test
    func `every call is a message of its own, and gets its own answer`() async throws {
        try await withSubject(count: 64) { subject in
            let client = subject.client
            let tasks = try await together(subject.ids, on: subject.relay) { try await client.getTask($0) }
            #expect(tasks.map(\.id) == subject.ids)
            #expect(subject.relay.exchanges.count == 65)
            #expect(subject.relay.exchanges.allSatisfy { !$0.isBatch })
        }
    }

    @Test
    func anErrorStaysWithItsCall() async throws {
        try await withSubject(count: 32) { subject in
            let client = subject.client
            let ids = subject.ids.flatMap { [$0, "no-\($0)"] }
            let outcomes = try await together(ids, on: subject.relay) { id -> Result<TaskState, any Error> in
                do { return .success(try await client.getTask(id)) } catch { return .failure(error) }
            }
            for (id, task) in zip(ids, outcomes) {
                if id.hasPrefix("no-") {
                    let refusal = #expect(throws: TaskwireError.self) { try task.get() }
                    #expect(refusal?.message == "Task not found: \(id)")
                } else {
                    #expect(try task.get().id == id)
                }
            }
        }
    }

    /// A NUL byte cannot be encoded, whatever the other calls are.
    @Test
    func aCallThatCannotBeEncodedLeavesTheOthersAlone() async throws {
        try await withSubject(count: 16) { subject in
            let client = subject.client
            subject.relay.set(.holding)
            let bad = subject.ids.map { id in
                Task {
                    try await client.getTask(id, view: .basic, options: CallOptions(metadata: ["k": "a\0b"]))
                }
            }
            let good = subject.ids.map { id in Task { try await client.getTask(id) } }
            for call in bad {
                let refusal = await #expect(throws: TaskwireError.self) { try await call.value }
                #expect(refusal?.code == .invalidArgument)
            }
            subject.relay.set(.passing)
            for (call, id) in zip(good, subject.ids) {
                let answer = try await call.value
                #expect(answer.id == id)
            }
        }
    }

    @Test
    func aCallerThatGivesUpLeavesTheOthersAlone() async throws {
        try await withSubject(count: 32) { subject in
            let (client, relay) = (subject.client, subject.relay)
            relay.set(.holding)
            let calls = subject.ids.enumerated().map { index, id in
                Task {
                    // The longest wait is for the machine to get the calls on their way.
                    let timeout = Duration.seconds(index == 9 ? 3 : 60)
                    let options = CallOptions(timeout: timeout)
                    return try await client.updateTask(id, statusMessage: "x", options: options)
                }
            }
            await relay.untilCalls(33)
            calls[5].cancel()
            await #expect(throws: CancellationError.self) { try await calls[5].value }
            let late = await #expect(throws: TaskwireError.self) { try await calls[9].value }
            #expect(late?.code == .deadlineExceeded)
            #expect(late?.isOutcomeUnknown == true)
            relay.set(.passing)
            for (index, call) in calls.enumerated() where index != 5 && index != 9 {
                let answer = try await call.value
                #expect(answer.revision == 2)
            }
        }
    }

    @Test
    func anExchangeThatIsStuckHoldsUpNobodyElse() async throws {
        try await withSubject(count: 2) { subject in
            let (client, relay, ids) = (subject.client, subject.relay, subject.ids)
            relay.set(.holding)
            let stuck = Task { try await client.getTask(ids[0]) }
            await relay.untilCalls(2)
            let others = (0..<8).map { _ in Task { try await client.getTask(ids[1]) } }
            await relay.untilCalls(10)
            relay.passAllButFirst()
            for call in others {
                let answer = try await call.value
                #expect(answer.id == ids[1])
            }
            #expect(relay.heldCount == 1, "the first one has no answer yet")
            relay.set(.passing)
            let answer = try await stuck.value
            #expect(answer.id == ids[0])
        }
    }

    @Test
    func `calls that wait hold up nobody`() async throws {
        try await withSubject(count: 8) { subject in
            let (client, relay, ids) = (subject.client, subject.relay, subject.ids)
            let results = ids.map { id in
                Task { try await client.awaitResult(AwaitResultRequest(taskID: id), options: .default) }
            }
            let changes = ids.map { id in
                Task {
                    try await client.waitTask(
                        WaitTaskRequest(taskID: id, afterRevision: 1),
                        options: .default
                    )
                }
            }
            while subject.store.waitCount < 16 { await Task.yield() }
            let tasks = try await together(ids + ids, on: relay) { try await client.getTask($0) }
            #expect(tasks.map(\.status) == Array(repeating: .working, count: 16))
            _ = try await together(ids, on: relay) { try await client.completeTask($0, result: .sample($0)) }
            for (call, id) in zip(results, ids) {
                let answer = try await call.value
                #expect(answer.result == .sample(id))
            }
            for call in changes {
                let answer = try await call.value
                #expect(answer.isChanged)
            }
        }
    }

    @Test
    func `many large requests and replies at a time`() async throws {
        try await withSubject(count: 16) { subject in
            let (client, relay) = (subject.client, subject.relay)
            let large = Payload(data: [UInt8](repeating: 7, count: 300_000))
            let completions = try await together(subject.ids, on: relay) {
                try await client.completeTask($0, result: large)
            }
            #expect(completions.allSatisfy { $0.status == .completed })
            let results = try await together(subject.ids, on: relay) { try await client.getResult($0) }
            #expect(results.allSatisfy { $0.result == large })
            let tasks = try await together(subject.ids, on: relay) {
                try await client.getTask($0, view: .full)
            }
            #expect(tasks.allSatisfy { $0.result == large })
        }
    }

    /// The connection breaks after the calls were carried out and before their replies.
    @Test
    func callsWhoseRepliesAreLostAreAppliedOnce() async throws {
        let store = InMemoryTaskStore()
        let ids = (0..<64).map { "t\($0)" }
        for id in ids { _ = try await store.createTask(id: id) }
        try await withServer(on: store, listen: ["abstract://\(generateTaskID())"]) { server in
            let upstream = server.urls[0]
            let (url, client, updates) = try await Relay.run(to: upstream) { relay, url in
                let client = try TaskwireClient(url: url)
                _ = try await client.ping()
                relay.set(.holding)
                let updates = ids.map { id in
                    Task { try await client.updateTask(id, statusMessage: "once") }
                }
                await relay.untilCalls(65)
                relay.set(.losingReplies)
                await relay.untilAnswered(relay.exchanges.count)
                return (url, client, updates)
            }
            for id in ids { #expect(try await store.getTask(id).revision == 2) }
            try await Relay.run(at: url, to: upstream) { _, _ in
                for update in updates {
                    let task = try await update.value
                    #expect(task.revision == 2)
                }
            }
            for id in ids { #expect(try await store.getTask(id).revision == 2) }
            await client.close()
        }
    }

    @Test
    func aServerThatComesBackUnderLoadAppliesEveryCallOnce() async throws {
        try await withTemporaryFolder { folder in
            let url = "ipc://\(folder)/t.sock"
            let store = InMemoryTaskStore()
            let client = try TaskwireClient(url: url)
            let ids = (0..<32).map { "t\($0)" }
            for id in ids { _ = try await store.createTask(id: id) }
            let updates = ids.map { id in
                Task {
                    for round in 0..<60 { _ = try await client.updateTask(id, statusMessage: "\(round)") }
                }
            }
            for share in 1...4 {
                try await withServer(on: store, listen: [url]) { server in
                    while true {
                        var revisions: UInt64 = 0
                        for id in ids { revisions += try await store.getTask(id).revision }
                        if revisions >= 32 + share * 32 * 12 { break }
                        await Task.yield()
                    }
                }
            }
            try await withServer(on: store, listen: [url]) { _ in
                for update in updates { try await update.value }
                for id in ids { #expect(try await store.getTask(id).revision == 61) }
            }
            await client.close()
        }
    }

    @Test
    func callsThatWereNeverSentSaySo() async throws {
        try await withTemporaryFolder { folder in
            let url = "ipc://\(folder)/t.sock"
            let client = try TaskwireClient(url: url)
            try await withServer(on: InMemoryTaskStore(), listen: [url]) { _ in _ = try await client.ping() }
            // A call tells when the client knows that the connection is gone.
            try await withTimeLimit {
                var code: TaskwireError.Code?
                while code != .unavailable {
                    do {
                        _ = try await client.getResult("t", options: CallOptions(timeout: .milliseconds(50)))
                    } catch let error as TaskwireError {
                        code = error.code
                    }
                }
            }
            let calls = (0..<32).map { _ in
                Task { try await client.cancelTask("t", options: CallOptions(timeout: .milliseconds(200))) }
            }
            for call in calls {
                let failure = await #expect(throws: TaskwireError.self) { try await call.value }
                #expect(failure?.code == .unavailable)
                #expect(failure?.isOutcomeUnknown == false)
            }
            await client.close()
        }
    }

    @Test
    func `a caller that prefers the client's executor goes on where its answer was received`() async throws {
        try await withSubject(count: 64) { subject in
            let client = subject.client
            let answers = try await together(subject.ids, on: subject.relay) { id in
                try await Task(executorPreference: TaskwireClient.executor) {
                    _ = try await client.getTask(id)
                    return try isOnTransportThread()
                }.value
            }
            #expect(answers.contains(true))
        }
    }

    @Test
    func closingEndsEveryCall() async throws {
        try await withSubject(count: 32) { subject in
            let (client, relay) = (subject.client, subject.relay)
            relay.set(.holding)
            let calls = subject.ids.map { id in Task { try await client.getTask(id) } }
            await relay.untilCalls(2)
            await client.close()
            for call in calls {
                let failure = await #expect(throws: TaskwireError.self) { try await call.value }
                #expect(failure?.code == .unavailable)
            }
            relay.set(.passing)
            await relay.untilAnswered(relay.exchanges.count)
        }
    }

    /// A storage that never lets a single mutation through would let none of a batch through that waits for each.
    @Test
    func theCallsOfABatchStartInOrderAndRunAtTheSameTime() async throws {
        let ids = (0..<100).map { "t\($0)" }
        let storage = RendezvousStorage(count: ids.count)
        let engine = TaskEngine(storage: storage, clock: SystemTaskClock())
        try await withTimeLimit {
            try await withServer(on: engine, listen: ["abstract://\(generateTaskID())"]) { server in
                let client = try RawClient(url: server.urls[0])
                let calls = ids.map { id in
                    RawClient.call("TaskService/CreateTask", CreateTaskRequest(taskID: id))
                }
                guard case .batch(let replies) = try await client.send(.batch(calls.map { .success($0) }))
                else {
                    Issue.record("not a batch")
                    return
                }
                let created = try replies.map { try $0.decoded(as: TaskReply.self, arena: Arena()).task.id }
                #expect(created == ids)
                #expect(storage.arrivals == ids)
                await client.socket.close()
            }
        }
    }
}

/// Whether the thread that asks is one on which nng calls back.
private func isOnTransportThread() throws -> Bool {
    try String(contentsOfFile: "/proc/thread-self/comm", encoding: .utf8) == "nng:task\n"
}

import Foundation
import Synchronization
import Taskwire
import TaskwireClient
import TaskwireProtobuf
import TaskwireRPC
import TaskwireServer
import TaskwireTestSupport
import Testing

@Suite("Client")
struct ClientTests {
    @Test(arguments: ["", "nonsense", "http://localhost", "ipc://relative", "tcp://host:99999"])
    func aURLThatIsNoneIsRefused(_ url: String) {
        let refusal = #expect(throws: TaskwireError.self) { try TaskwireClient(url: url) }
        #expect(refusal?.code == .invalidArgument)
    }

    @Test(arguments: [
        ("tcp://h:1,http://x,tcp://h:2", "http://x"), ("tcp://h:1,h:2", "tcp://h:1,h:2"),
        ("tcp://h:1,", "tcp://h:1,"), ("tcp://h:1, ipc://relative", "ipc://relative"),
    ])
    func whatIsNoURLInAListIsNamed(_ url: String, _ part: String) {
        let refusal = #expect(throws: TaskwireError.self) { try TaskwireClient(url: url) }
        #expect(refusal?.code == .invalidArgument)
        #expect(refusal?.message.contains("\"\(part)\"") == true, "\(String(describing: refusal))")
    }

    @Test
    func theDefaultURLComesFromTheEnvironment() {
        #expect(TaskwireClient.defaultURL(environment: ["TASKWIRE_URL": "tcp://h:1"]) == "tcp://h:1")
        #expect(
            TaskwireClient.defaultURL(environment: ["XDG_RUNTIME_DIR": "/run/user/7"])
                == "ipc:///run/user/7/taskwire.sock"
        )
        #expect(TaskwireClient.defaultURL(environment: [:]).hasPrefix("ipc:///tmp/taskwire-"))
    }

    @Test
    func aCallWaitsForAServerThatIsStillToCome() async throws {
        try await withTemporaryFolder { folder in
            let url = "ipc://\(folder)/t.sock"
            let client = try TaskwireClient(url: url)
            let call = Task { try await client.createTask(id: "early") }
            let impatient = await #expect(throws: TaskwireError.self) {
                try await client.getTask(
                    "early",
                    view: .basic,
                    options: CallOptions(timeout: .milliseconds(50))
                )
            }
            #expect(impatient?.code == .unavailable)
            try await withServer(on: InMemoryTaskStore(), listen: [url]) { _ in
                let task = try await call.value
                #expect(task.id == "early")
            }
            await client.close()
        }
    }

    @Test
    func withoutAServerACallSaysWhyAfterTheConnectTimeout() async throws {
        try await withTemporaryFolder { folder in
            var configuration = TaskwireClient.Configuration()
            configuration.connectTimeout = .milliseconds(100)
            let url = "ipc://\(folder)/t.sock"
            let client = try TaskwireClient(url: url, configuration: configuration)
            let failure = await #expect(throws: TaskwireError.self) { try await client.getTask("t") }
            #expect(failure?.code == .unavailable)
            #expect(failure?.message.contains(url) == true)
            #expect(failure?.isOutcomeUnknown == false)
            await client.close()
        }
    }

    @Test
    func withoutAServerACallEndsAtItsDeadline() async throws {
        let client = try TaskwireClient(url: "tcp://127.0.0.1:1")
        let failure = await #expect(throws: TaskwireError.self) {
            try await client.cancelTask("t", options: CallOptions(timeout: .milliseconds(100)))
        }
        #expect(failure?.code == .unavailable)
        #expect(failure?.isOutcomeUnknown == false, "it was never sent")
        await client.close()
    }

    @Test(arguments: ["ipc", "tcp"])
    func aClientRecoversWhenTheServerComesBack(_ transport: String) async throws {
        try await withTemporaryFolder { folder in
            let engine = InMemoryTaskStore()
            let first = transport == "ipc" ? "ipc://\(folder)/t.sock" : "tcp://127.0.0.1:0"
            let box = Mutex<(url: String, client: TaskwireClient)?>(nil)
            try await withServer(on: engine, listen: [first]) { server in
                let client = try TaskwireClient(url: server.urls[0])
                _ = try await client.createTask(id: "t")
                box.withLock { $0 = (server.urls[0], client) }
            }
            let (url, client) = try #require(box.withLock { $0 })
            for round in 0..<5 {
                let update = Task { try await client.updateTask("t", statusMessage: "\(round)") }
                try await withServer(on: engine, listen: [url]) { _ in
                    let updated = try await update.value
                    #expect(updated.statusMessage == "\(round)")
                }
            }
            await client.close()
        }
    }

    /// The connection breaks after the request was carried out and before the reply.
    @Test
    func aMutationWhoseReplyIsLostIsAppliedOnce() async throws {
        let engine = InMemoryTaskStore()
        let task = try await engine.createTask()
        let (applied, application) = AsyncStream.makeStream(of: RequestID?.self)
        let silent = ReplySocket(configuration: ReplySocket.Configuration())
        let address = try await silent.listen(on: try Address("tcp://127.0.0.1:0"))
        async let silence: Void = silent.run(
            RequestHandlers { incoming in
                let request = try? incoming.message.withUnsafeBytes { bytes in
                    try RPCRequest(wire: bytes, arena: Arena(), maxBatchCalls: 1, maxBatchBytes: 1)
                }
                guard
                    case .call(let call) = request,
                    let update = try? call.body.decoded(as: UpdateTaskRequest.self, arena: Arena())
                else { return .reply(nil) }
                _ = try? await engine.updateTask(update, options: CallOptions(requestID: call.requestID))
                application.yield(call.requestID)
                return .reply(nil)
            }
        )
        let client = try TaskwireClient(url: address.description)
        let update = Task { try await client.updateTask(task.id, statusMessage: "once") }
        let first = await applied.first { _ in true }
        await silent.stop(grace: .zero)
        await silence
        try await withServer(on: engine, listen: [address.description]) { _ in
            let updated = try await update.value
            #expect(updated.revision == 2)
        }
        #expect(first != nil)
        #expect(try await engine.getTask(task.id).revision == 2)
        await client.close()
    }

    @Test
    func anyNumberOfCallersShareOneClient() async throws {
        try await withServer(on: InMemoryTaskStore(), listen: ["tcp://127.0.0.1:0"]) { server in
            let client = try TaskwireClient(url: server.urls[0])
            try await withThrowingTaskGroup(of: String.self) { group in
                for number in 0..<2000 {
                    group.addTask {
                        let task = try await client.createTask(
                            id: "t\(number)",
                            request: .sample("\(number)")
                        )
                        let full = try await client.getTask(task.id, view: .full)
                        #expect(full.request == .sample("\(number)"))
                        return full.id
                    }
                }
                var seen: Set<String> = []
                for try await id in group { seen.insert(id) }
                #expect(seen.count == 2000)
            }
            await client.close()
        }
    }

    @Test
    func callsThatWaitGoOnAtAnotherServerOfTheSameStore() async throws {
        try await withTemporaryFolder { folder in
            let engine = InMemoryTaskStore()
            let urls = ["ipc://\(folder)/a.sock", "ipc://\(folder)/b.sock"]
            let client = try TaskwireClient(url: urls.joined(separator: ","))
            let id = try await engine.createTask().id
            let waits = try await withServer(on: engine, listen: [urls[0]]) { _ in
                let waits = (0..<8).map { _ in Task { try await client.waitForResult(id) } }
                while engine.waitCount < waits.count { try await Task.sleep(for: .milliseconds(2)) }
                while client.serverURL != urls[0] { try await Task.sleep(for: .milliseconds(2)) }
                return waits
            }
            // The first server has stopped.
            try await withServer(on: engine, listen: [urls[1]]) { _ in
                _ = try await client.completeTask(id, result: .sample("x"))
                while client.serverURL != urls[1] { try await Task.sleep(for: .milliseconds(2)) }
                for wait in waits { #expect(try await wait.value.result == .sample("x")) }
            }
            await client.close()
        }
    }

    @Test
    func aWriteOfWhichTheStoreKnowsNothingIsRepeatedAndThenUnknown() async throws {
        try await withTemporaryFolder { folder in
            let url = "ipc://\(folder)/t.sock"
            let storage = AbsentStorage()
            let engine = TaskEngine(storage: storage, clock: SystemTaskClock())
            let client = try TaskwireClient(url: url)
            try await withServer(on: engine, listen: [url]) { _ in
                // Stored by the first try, of which nobody is told.
                storage.fail(2)
                let task = try await client.createTask(id: "t")
                #expect(task.revision == 1)
                // No time is left for another one.
                storage.fail(.max, retryAfter: .seconds(60))
                let options = CallOptions(timeout: .seconds(60))
                let write = await #expect(throws: TaskwireError.self) {
                    try await client.cancelTask("t", options: options)
                }
                #expect(write?.code == .unavailable && write?.reason == .storeUnreachable)
                #expect(write?.isOutcomeUnknown == true)
                let read = await #expect(throws: TaskwireError.self) {
                    try await client.getTask("t", view: .basic, options: options)
                }
                #expect(read?.reason == .storeUnreachable && read?.isOutcomeUnknown == false)
            }
            await client.close()
        }
    }

    @Test
    func aTimeoutEndsACallAndSaysThatTheOutcomeIsUnknown() async throws {
        // A server that takes requests and never answers.
        let socket = ReplySocket(configuration: ReplySocket.Configuration())
        let address = try await socket.listen(on: try Address("tcp://127.0.0.1:0"))
        let serving = Task {
            await socket.run(
                RequestHandlers { _ in
                    try? await Task.sleep(for: .seconds(3600))
                    return .reply(nil)
                }
            )
        }
        let client = try TaskwireClient(url: address.description)
        let mutation = await #expect(throws: TaskwireError.self) {
            try await client.cancelTask("t", options: CallOptions(timeout: .milliseconds(150)))
        }
        #expect(mutation?.code == .deadlineExceeded)
        #expect(mutation?.isOutcomeUnknown == true)
        let read = await #expect(throws: TaskwireError.self) {
            try await client.getTask("t", view: .basic, options: CallOptions(timeout: .milliseconds(150)))
        }
        #expect(read?.code == .deadlineExceeded)
        #expect(read?.isOutcomeUnknown == false, "a read has no outcome")
        await client.close()
        await socket.stop(grace: .zero)
        await serving.value
    }

    @Test
    func aServerThatAnswersNonsenseIsAnInternalError() async throws {
        let socket = ReplySocket(configuration: ReplySocket.Configuration())
        let address = try await socket.listen(on: try Address("abstract://\(generateTaskID())"))
        let serving = Task {
            await socket.run(
                RequestHandlers { _ in
                    let message = try? Message(size: 3)
                    message?.withUnsafeMutableBytes { $0.copyBytes(from: [0xFF, 0xFF, 0xFF]) }
                    return .reply(message)
                }
            )
        }
        let client = try TaskwireClient(url: address.description)
        let failure = await #expect(throws: TaskwireError.self) { try await client.ping() }
        #expect(failure?.code == .internal)
        await client.close()
        await socket.stop(grace: .zero)
        await serving.value
    }

    @Test
    func aRequestAboveTheSizeOfAMessageIsNotSent() async throws {
        try await withServer(on: InMemoryTaskStore(), listen: ["abstract://\(generateTaskID())"]) { server in
            let client = try TaskwireClient(url: server.urls[0])
            let failure = await #expect(throws: TaskwireError.self) {
                try await client.createTask(request: Payload(data: [UInt8](repeating: 0, count: 5 << 20)))
            }
            #expect(failure?.code == .resourceExhausted)
            #expect(failure?.reason == .tooLarge)
            _ = try await client.ping()
            await client.close()
        }
    }

    /// The server would answer the same, after it had read all of it.
    @Test
    func `a request above the server's limit is refused by the client, for the same reason`() async throws {
        var limits = ServerLimits()
        limits.maxMessageBytes = 100_000
        try await withServer(
            on: InMemoryTaskStore(limits: .fitting(limits)),
            listen: ["abstract://\(generateTaskID())"],
            limits: limits
        ) { server in
            let client = try TaskwireClient(url: server.urls[0])
            _ = try await client.createTask(request: Payload(data: [UInt8](repeating: 0, count: 90_000)))
            let failure = await #expect(throws: TaskwireError.self) {
                try await client.createTask(request: Payload(data: [UInt8](repeating: 0, count: 100_000)))
            }
            #expect(failure?.code == .resourceExhausted)
            #expect(failure?.reason == .tooLarge)
            #expect(failure?.message.contains("at most 100000 are allowed") == true)
            let stats = try await client.serverStats()
            let calls = Dictionary(uniqueKeysWithValues: stats.methods.map { ($0.name, $0.calls) })
            #expect(calls["taskwire.v1.TaskService/CreateTask"] == 1)
            #expect(calls["taskwire.v1.ServerService/GetServerInfo"] == 1, "the limit is asked for once")
            await client.close()
        }
    }

    @Test
    func `a request above the limit is answered by the server, which goes on with the connection`()
        async throws
    {
        var limits = ServerLimits()
        limits.maxMessageBytes = 100_000
        try await withRawClient(limits: limits) { client, _ in
            let connections = client.socket.connectionCount
            let create = CreateTaskRequest(request: Payload(data: [UInt8](repeating: 0, count: 300_000)))
            let refusal = try await client.refusal(of: RawClient.call("TaskService/CreateTask", create))
            #expect(refusal?.code == .resourceExhausted)
            #expect(refusal?.reason == .tooLarge)
            #expect(try await client.refusal(of: RawClient.call("ServerService/Ping", EmptyRequest())) == nil)
            #expect(client.socket.connectionCount == connections + 1)
        }
    }

    @Test
    func aClosedClientSaysSo() async throws {
        let client = try TaskwireClient(url: "abstract://nowhere")
        await client.close()
        await client.close()
        let failure = await #expect(throws: TaskwireError.self) { try await client.ping() }
        #expect(failure?.code == .unavailable)
    }
}

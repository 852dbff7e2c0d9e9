import Logging
import Taskwire
import TaskwireClient
import TaskwireProtobuf
import TaskwireRPC
import TaskwireServer
import TaskwireTestSupport
import Testing

/// Limits of the server itself: at the limit, and one past it. Those of the store are in the conformance suite.
@Suite("Limits")
struct LimitTests {
    /// A call of GetTask by hand, which is not repeated.
    private static func getTask(_ tokens: Tokens, _ principal: String) -> RPCCall {
        var call = RawClient.call("TaskService/GetTask", GetTaskRequest(taskID: "t"), requestID: nil)
        call.token = tokens[principal]
        return call
    }

    @Test("each owner makes as many calls per second as allowed, and one more is told when to come again")
    func rateLimit() async throws {
        try await withTemporaryFolder { folder in
            let tokens = try Tokens(for: ["alice", "worker:alice", "bob"], in: folder)
            let accepted = try AccessTokens(path: tokens.path)
            let clock = ManualClock()
            let engine = TaskEngine(storage: MemoryStorage(), clock: clock)
            var limits = ServerLimits()
            limits.maxCallsPerSecondPerOwner = 4
            try await withServer(on: engine, listen: ["abstract://\(generateTaskID())"], limits: limits) {
                $0.tokens = accepted
            } _: { server in
                let client = try RawClient(url: server.urls[0])
                func reason(_ principal: String) async throws -> TaskwireError? {
                    try await client.refusal(of: Self.getTask(tokens, principal))
                }
                for _ in 0..<3 { #expect(try await reason("alice")?.reason == .taskNotFound) }
                // A worker's calls are its owner's.
                #expect(try await reason("worker:alice")?.reason == .taskNotFound)
                let refusal = try await reason("alice")
                #expect(refusal?.code == .resourceExhausted && refusal?.reason == .rateLimited)
                #expect(refusal?.retryAfter == .milliseconds(250))
                #expect(try await reason("bob")?.reason == .taskNotFound)
                clock.advance(by: .milliseconds(249))
                #expect(try await reason("alice")?.retryAfter == .milliseconds(1))
                clock.advance(by: .milliseconds(1))
                #expect(try await reason("alice")?.reason == .taskNotFound)
                #expect(try await reason("alice")?.reason == .rateLimited)
                // A long silence is worth one second and not more.
                clock.advance(by: .seconds(60))
                let burst = [RPCCall](repeating: Self.getTask(tokens, "alice"), count: 5)
                guard case .batch(let replies) = try await client.send(.batch(burst.map { .success($0) }))
                else {
                    Issue.record("no batch")
                    return
                }
                let refusals = replies.filter { reply in
                    if case .failure(let error) = reply { error.reason == .rateLimited } else { false }
                }
                #expect(refusals.count == 1)
                await client.socket.close()
            }
        }
    }

    @Test("a client that is told to come again does so by itself")
    func rateLimitedClient() async throws {
        var limits = ServerLimits()
        limits.maxCallsPerSecondPerOwner = 20
        try await withTimeLimit { [limits] in
            try await withServer(
                on: InMemoryTaskStore(),
                listen: ["abstract://\(generateTaskID())"],
                limits: limits
            ) { server in
                try await withTaskwireClient(server.urls[0]) { client async throws in
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        for _ in 0..<60 { group.addTask { _ = try await client.createTask() } }
                        try await group.waitForAll()
                    }
                    #expect(
                        try await client.listTasks(ListTasksRequest(pageSize: 1000), options: .default).tasks
                            .count == 60
                    )
                    // Who has no time to come again is told why.
                    var reasons: Set<TaskwireError.Reason?> = []
                    while !reasons.contains(.rateLimited) {
                        let options = CallOptions(timeout: .milliseconds(40))
                        reasons.insert(await refusal { _ = try await client.ping(options: options) }?.reason)
                    }
                }
            }
        }
    }

    @Test(
        "as many calls wait for the store at a time as allowed; one more is refused, and one that need not wait is not"
    )
    func callsInProgress() async throws {
        try await withTimeLimit {
            let storage = RendezvousStorage(count: 3)
            let engine = TaskEngine(storage: storage, clock: SystemTaskClock())
            var limits = ServerLimits()
            limits.maxCallsInProgress = 2
            try await withServer(
                on: engine,
                listen: ["abstract://\(generateTaskID())"],
                limits: limits
            ) { server in
                let client = try RawClient(url: server.urls[0])
                let create = { @Sendable in RawClient.call("TaskService/CreateTask", CreateTaskRequest()) }
                try await withThrowingTaskGroup(of: TaskwireError?.self) { group in
                    for _ in 0..<2 { group.addTask { try await client.refusal(of: create()) } }
                    while storage.arrivals.count < 2 { await Task.yield() }
                    let ping = RawClient.call("ServerService/Ping", EmptyRequest())
                    #expect(try await client.refusal(of: ping) == nil)
                    for call in [create(), RawClient.call("TaskService/ListTasks", ListTasksRequest())] {
                        let refusal = try await client.refusal(of: call)
                        #expect(refusal?.code == .resourceExhausted && refusal?.reason == .tooManyRequests)
                        #expect(refusal?.retryAfter != nil)
                    }
                    // The third one, from inside of this process, lets those two go on.
                    _ = try await engine.createTask()
                    for try await refusal in group { #expect(refusal == nil) }
                }
                #expect(
                    try await client.refusal(of: RawClient.call("ServerService/Ping", EmptyRequest())) == nil
                )
                await client.socket.close()
            }
        }
    }

    @Test("an owner takes as much as is left for others, and not all", arguments: ["calls", "waits"])
    func shares(kind: String) async throws {
        try await withTimeLimit {
            try await withTemporaryFolder { folder in
                let tokens = try Tokens(for: ["alice", "bob", "carol"], in: folder)
                let accepted = try AccessTokens(path: tokens.path)
                var tasks = TaskLimits()
                tasks.maxWaits = kind == "waits" ? 4 : 1000
                let storage = RendezvousStorage(count: kind == "calls" ? 4 : 1, limits: tasks)
                let engine = TaskEngine(storage: storage, clock: SystemTaskClock())
                var limits = ServerLimits()
                limits.maxCallsInProgress = kind == "calls" ? 4 : 1000
                try await withServer(on: engine, listen: ["abstract://\(generateTaskID())"], limits: limits) {
                    $0.tokens = accepted
                } _: { server in
                    let client = try RawClient(url: server.urls[0])
                    let owners = ["alice", "bob", "carol"]
                    if kind == "waits" {
                        for owner in owners { _ = try await engine.acting(for: owner).createTask(id: "t") }
                    }
                    @Sendable func call(_ owner: String) -> RPCCall {
                        var call =
                            kind == "calls"
                            ? RawClient.call("TaskService/CreateTask", CreateTaskRequest())
                            : RawClient.call("TaskService/AwaitResult", AwaitResultRequest(taskID: "t"))
                        call.token = tokens[owner]
                        return call
                    }
                    @Sendable func inProgress() -> Int {
                        kind == "calls" ? storage.arrivals.count : engine.waitCount
                    }
                    try await withThrowingTaskGroup(of: TaskwireError?.self) { group in
                        // Of four, alice gets two as long as nobody else is there, then bob one, and the last is kept.
                        for (count, owner) in [(1, "alice"), (2, "alice"), (3, "bob")] {
                            group.addTask { try await client.refusal(of: call(owner)) }
                            while inProgress() < count { await Task.yield() }
                        }
                        for owner in ["alice", "bob"] {
                            #expect(try await client.refusal(of: call(owner))?.reason == .tooManyRequests)
                        }
                        group.addTask { try await client.refusal(of: call("carol")) }
                        if kind == "waits" {
                            while inProgress() < 4 { await Task.yield() }
                            for owner in owners { _ = try await engine.acting(for: owner).cancelTask("t") }
                        }
                        for try await refusal in group { #expect(refusal == nil) }
                    }
                    await client.socket.close()
                }
            }
        }
    }

    @Test("a server keeps as many bytes of requests and replies as allowed")
    func bytesInProgress() async throws {
        try await withTimeLimit {
            let storage = RendezvousStorage(count: 2)
            let engine = TaskEngine(storage: storage, clock: SystemTaskClock())
            var limits = ServerLimits()
            limits.maxBytesInProgress = 100_000
            try await withServer(
                on: engine,
                listen: ["abstract://\(generateTaskID())"],
                limits: limits
            ) { server in
                let client = try RawClient(url: server.urls[0])
                let large = Payload(data: [UInt8](repeating: 7, count: 100_000))
                let create = RawClient.call(
                    "TaskService/CreateTask",
                    CreateTaskRequest(taskID: "t", request: large)
                )
                let ping = RawClient.call("ServerService/Ping", EmptyRequest())
                try await withThrowingTaskGroup(of: TaskwireError?.self) { group in
                    group.addTask { try await client.refusal(of: create) }
                    while storage.arrivals.isEmpty { await Task.yield() }
                    // What is answered at once is not kept.
                    #expect(try await client.refusal(of: ping) == nil)
                    let small = RawClient.call("TaskService/CreateTask", CreateTaskRequest(taskID: "u"))
                    let refusal = try await client.refusal(of: small)
                    #expect(refusal?.code == .resourceExhausted && refusal?.reason == .tooManyRequests)
                    #expect(refusal?.retryAfter != nil)
                    _ = try await engine.createTask()
                    for try await refusal in group { #expect(refusal == nil) }
                }
                let list = RawClient.call("TaskService/ListTasks", ListTasksRequest())
                #expect(try await client.refusal(of: list) == nil)
                await client.socket.close()
            }
        }
    }

    @Test(
        "as many clients are connected as allowed, and one more gets in when one has gone",
        arguments: ["ipc", "tcp"]
    )
    func connections(transport: String) async throws {
        try await withTimeLimit {
            try await withTemporaryFolder { folder in
                var limits = ServerLimits()
                limits.maxConnections = 2
                let listen = transport == "ipc" ? "ipc://\(folder)/t.sock" : "tcp://127.0.0.1:0"
                try await withServer(on: InMemoryTaskStore(), listen: [listen], limits: limits) { server in
                    var configuration = TaskwireClient.Configuration()
                    configuration.connectTimeout = .milliseconds(500)
                    configuration.defaultTimeout = .seconds(1)
                    let clients = try (0..<3).map { _ in
                        try TaskwireClient(url: server.urls[0], configuration: configuration)
                    }
                    _ = try await clients[0].ping()
                    _ = try await clients[1].ping()
                    #expect(await refusal { _ = try await clients[2].ping() }?.code == .unavailable)
                    #expect(try await clients[0].serverStats().connections == 2)
                    await clients[0].close()
                    while await refusal({ _ = try await clients[2].ping() }) != nil {}
                    _ = try await clients[1].ping()
                    for client in clients { await client.close() }
                }
            }
        }
    }

    @Test("a request of the largest size is served, and one byte more is refused before it is sent")
    func messageSize() async throws {
        var limits = ServerLimits()
        limits.maxMessageBytes = 100_000
        try await withServer(
            on: InMemoryTaskStore(limits: .fitting(limits)),
            listen: ["abstract://\(generateTaskID())"],
            limits: limits
        ) { server in
            let client = try RawClient(url: server.urls[0])
            func call(_ count: Int) throws -> [UInt8] {
                let request = CreateTaskRequest(
                    request: Payload(data: [UInt8](repeating: 7, count: count)),
                    statusMessage: String(repeating: "x", count: 10_000)
                )
                return try RPCRequest.call(RawClient.call("TaskService/CreateTask", request)).encoded()
            }
            let overhead = try call(80_000).count - 80_000
            let largest = try call(100_000 - overhead)
            #expect(largest.count == 100_000)
            guard case .reply(.success) = try await client.send(bytes: largest) else {
                Issue.record("refused at the limit")
                return
            }
            await client.socket.close()
            var configuration = TaskwireClient.Configuration()
            configuration.maxMessageBytes = 100_000
            try await withTaskwireClient(server.urls[0], configuration) { client async throws in
                let tooLarge = Payload(data: [UInt8](repeating: 7, count: 100_000))
                let refusal = await refusal { _ = try await client.createTask(request: tooLarge) }
                #expect(refusal?.code == .resourceExhausted && refusal?.reason == .tooLarge)
            }
        }
    }

    @Test
    func `a payload leaves room for its task in a reply, and one byte more is refused`() async throws {
        var limits = ServerLimits()
        limits.maxMessageBytes = 100_000
        try await withRawClient(limits: limits) { client, store in
            let most = 100_000 - 4096
            func payload(_ count: Int) -> Payload {
                Payload(data: [UInt8](repeating: 7, count: count), contentType: "a/b")
            }
            func create(_ count: Int) -> RPCCall {
                RawClient.call("TaskService/CreateTask", CreateTaskRequest(request: payload(count)))
            }
            #expect(try await client.refusal(of: create(most - 3)) == nil)
            let refusal = try await client.refusal(of: create(most - 2))
            #expect(refusal?.code == .resourceExhausted && refusal?.reason == .tooLarge)
            #expect(
                refusal?.message
                    == "request: has 95905 bytes with its content type, at most 95904 are allowed"
            )
            let id = try await store.createTask().id
            let result = payload(most + 1)
            let error = TaskError(message: "x", data: result.data)
            let calls = [
                (
                    "result",
                    RawClient.call("TaskService/StoreResult", StoreResultRequest(taskID: id, result: result))
                ),
                (
                    "result",
                    RawClient.call(
                        "TaskService/CompleteTask",
                        CompleteTaskRequest(taskID: id, result: result)
                    )
                ),
                (
                    "error.data",
                    RawClient.call("TaskService/FailTask", FailTaskRequest(taskID: id, error: error))
                ),
            ]
            for (field, call) in calls {
                let refusal = try await client.refusal(of: call)
                #expect(refusal?.reason == .tooLarge && refusal?.message.hasPrefix("\(field): has ") == true)
            }
            #expect(try await store.getTask(id).revision == 1)
        }
    }

    private static let senselessLimits:
        [(message: String, change: @Sendable (inout ServerLimits, inout TaskLimits) -> Void)] = [
            ("max_message_bytes: 65535 is below 65536", { wire, _ in wire.maxMessageBytes = 65_535 }),
            ("max_calls_in_progress: 0 is below 1", { wire, _ in wire.maxCallsInProgress = 0 }),
            ("send_timeout_ms: 0 is below 1", { wire, _ in wire.sendTimeoutMilliseconds = 0 }),
            ("max_ttl_ms: -1 is below 1", { _, tasks in tasks.maxTTLMilliseconds = -1 }),
            ("max_wait_ms: \(Int64.max) is above ", { _, tasks in tasks.maxWaitMilliseconds = .max }),
            ("max_page_size: 0 is below 1", { _, tasks in tasks.maxPageSize = 0 }),
            (
                "max_decode_bytes: 100000 is below max_message_bytes, which is 4194304",
                { wire, _ in wire.maxDecodeBytes = 100_000 }
            ),
            (
                "max_interaction_bytes: 2097152 is above half of max_message_bytes, which is 4194303",
                { wire, _ in wire.maxMessageBytes = 4_194_303 }
            ),
        ]

    @Test(arguments: senselessLimits.indices)
    func `limits that make no sense are refused in an embedded server, too`(index: Int) throws {
        let (message, change) = Self.senselessLimits[index]
        var configuration = ServerConfiguration()
        var tasks = TaskLimits()
        change(&configuration.limits, &tasks)
        let refusal = #expect(throws: TaskwireError.self) {
            try TaskwireServer(
                configuration: configuration,
                engine: InMemoryTaskStore(limits: tasks),
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            )
        }
        #expect(refusal?.code == .invalidArgument && refusal?.message.hasPrefix(message) == true)
    }

    @Test
    func `the limits of tasks that are told are those that the store enforces`() async throws {
        var tasks = TaskLimits()
        tasks.maxTasksPerOwner = 1
        tasks.maxPageSize = 7
        tasks.tombstoneMilliseconds = 1000
        let engine = TaskEngine(storage: MemoryStorage(limits: tasks), clock: ManualClock())
        #expect(engine.limits == tasks)
        try await withServer(on: engine, listen: ["abstract://\(generateTaskID())"]) { [tasks] server in
            try await withTaskwireClient(server.urls[0]) { client async throws in
                #expect(try await client.serverInfo().taskLimits == tasks)
                _ = try await client.createTask()
                #expect(await refusal { _ = try await client.createTask() }?.reason == .taskQuota)
            }
        }
    }

    @Test("all limits are told")
    func info() async throws {
        var limits = ServerLimits()
        limits.maxCallsPerSecondPerOwner = 10_000
        limits.maxCallsInProgress = 1001
        limits.maxBytesInProgress = 10_000_001
        limits.maxConnections = 1003
        try await withServer(
            on: InMemoryTaskStore(),
            listen: ["abstract://\(generateTaskID())"],
            limits: limits
        ) { [limits] server in
            try await withTaskwireClient(server.urls[0]) { client async throws in
                let told = try await client.serverInfo().limits
                #expect(told == limits)
            }
        }
    }
}

import Foundation
import Logging
import ServiceLifecycle
import Taskwire
import TaskwireClient
import TaskwireServer
import TaskwireTestSupport
import Testing

@Suite("Server")
struct ServerTests {
    @Test
    func severalListenersServeTheSameTasks() async throws {
        try await withTemporaryFolder { folder in
            let urls = [
                "ipc://\(folder)/t.sock", "tcp://127.0.0.1:0", "tcp://[::1]:0",
                "abstract://\(generateTaskID())",
            ]
            try await withServer(on: InMemoryTaskStore(), listen: urls) { server in
                #expect(server.urls.count == 4)
                let clients = try server.urls.map { try TaskwireClient(url: $0) }
                let task = try await clients[0].createTask()
                for client in clients {
                    #expect(try await client.getTask(task.id) == task)
                    await client.close()
                }
            }
        }
    }

    @Test(arguments: ["tcp://0.0.0.0:0", "tcp://[::]:0", "tcp://192.0.2.1:7411"])
    func anOpenAddressNeedsConsent(_ url: String) throws {
        var configuration = ServerConfiguration()
        configuration.listen = [Listener(url: "abstract://x"), Listener(url: url)]
        let refusal = #expect(throws: TaskwireError.self) {
            try TaskwireServer(
                configuration: configuration,
                engine: InMemoryTaskStore(),
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            )
        }
        #expect(refusal?.code == .invalidArgument && refusal?.reason == .listenerOpen)
        #expect(refusal?.message.contains("--") == false, "a library knows of no options")
    }

    @Test
    func consentOpensTheAddress() async throws {
        var configuration = ServerConfiguration()
        configuration.listen = [Listener(url: "tcp://0.0.0.0:0")]
        configuration.isInsecure = true
        let server = try TaskwireServer(
            configuration: configuration,
            engine: InMemoryTaskStore(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        let running = Task { try await server.run() }
        await server.untilListening()
        let url = try #require(server.urls.first)
        let port = try #require(url.split(separator: ":").last)
        let client = try TaskwireClient(url: "tcp://127.0.0.1:\(port)")
        _ = try await client.ping()
        await client.close()
        running.cancel()
        try await running.value
    }

    @Test
    func aSecondServerOnAPathIsRefusedWithASentence() async throws {
        try await withTemporaryFolder { folder in
            let url = "ipc://\(folder)/t.sock"
            try await withServer(on: InMemoryTaskStore(), listen: [url]) { server in
                let refusal = await #expect(throws: TaskwireError.self) {
                    try await withServer(on: InMemoryTaskStore(), listen: [url]) { _ in }
                }
                #expect(refusal?.message == "Another server is already listening on \(url).")
                let client = try TaskwireClient(url: url)
                _ = try await client.ping()
                await client.close()
            }
        }
    }

    @Test
    func stoppingLetsNobodyWait() async throws {
        let clock = ManualClock()
        let engine = TaskEngine(storage: MemoryStorage(), clock: clock)
        let url = "abstract://\(generateTaskID())"
        let client = try TaskwireClient(url: url)
        let (task, waiting) = try await withServer(on: engine, listen: [url]) { _ in
            let task = try await client.createTask()
            let waiting = Task {
                let options = CallOptions(timeout: .seconds(20))
                return try await client.awaitResult(AwaitResultRequest(taskID: task.id), options: options)
            }
            while engine.waitCount == 0 { await Task.yield() }
            return (task, waiting)
        }
        // The server has ended although the call could have waited on; the client waits at the next one.
        try await withServer(on: engine, listen: [url]) { _ in
            _ = try await engine.completeTask(task.id, result: .sample("x"))
            #expect(try await waiting.value.result == .sample("x"))
        }
        await client.close()
    }

    @Test(arguments: ["ipc", "tcp", "abstract"])
    func callersThatLeaveWhileTheyWaitTakeNothingWithThem(_ transport: String) async throws {
        try await withTemporaryFolder { folder in
            let engine = TaskEngine(storage: MemoryStorage(), clock: ManualClock())
            let urls = [
                "ipc": "ipc://\(folder)/t.sock", "tcp": "tcp://127.0.0.1:0",
                "abstract": "abstract://\(generateTaskID())",
            ]
            let url = try #require(urls[transport])
            try await withServer(on: engine, listen: [url]) { server in
                let task = try await engine.createTask()
                for _ in 0..<10 {
                    let client = try TaskwireClient(url: server.urls[0])
                    let waits = (0..<10).map { _ in Task { try await client.waitForResult(task.id) } }
                    try await withTimeLimit {
                        while engine.waitCount < waits.count {
                            try Task.checkCancellation()
                            await Task.yield()
                        }
                    }
                    await client.close()
                    for wait in waits { _ = await wait.result }
                    while engine.waitCount > 0 { await Task.yield() }
                }
                let client = try TaskwireClient(url: server.urls[0])
                _ = try await client.ping()
                await client.close()
            }
        }
    }

    @Test
    func aWaitEndsWhenItsCallersConnectionGoes() async throws {
        let clock = ManualClock()
        let engine = TaskEngine(storage: MemoryStorage(), clock: clock)
        let url = "tcp://127.0.0.1:0"
        try await withServer(on: engine, listen: [url]) { server in
            let task = try await engine.createTask()
            let client = try TaskwireClient(url: server.urls[0])
            let waiting = Task {
                try await client.awaitResult(AwaitResultRequest(taskID: task.id), options: .default)
            }
            await clock.untilSleeping(for: .seconds(30))
            #expect(engine.waitCount == 1)
            await client.close()
            await #expect(throws: TaskwireError.self) { try await waiting.value }
            try await withTimeLimit {
                while engine.waitCount > 0 { await Task.yield() }
            }
        }
    }

    @Test
    func theServerDescribesItself() async throws {
        var limits = ServerLimits()
        limits.maxBatchCalls = 17
        var tasks = TaskLimits()
        tasks.maxWaits = 9
        let expected = (limits, tasks)
        try await withServer(
            on: InMemoryTaskStore(limits: tasks),
            listen: ["abstract://\(generateTaskID())"],
            limits: limits
        ) {
            server in
            let client = try TaskwireClient(url: server.urls[0])
            let info = try await client.serverInfo()
            #expect(info.version == taskwireVersion)
            #expect(info.storage == "memory")
            #expect((info.limits, info.taskLimits) == expected)
            #expect(abs(try await client.ping().milliseconds(since: .now)) < 60_000)
            #expect(try await client.descriptors().count > 1000)
            #expect(try await client.serverStats().connections == 1)
            await client.close()
        }
    }
}

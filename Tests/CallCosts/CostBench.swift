import Logging
import Taskwire
import TaskwireProtobuf
import TaskwireRPC
import TaskwireServer
import TaskwireStorage
import TaskwireTestSupport

/// A server without a socket, and one task with a request of 200 bytes.
struct CostBench {
    private static let batchCount = 64
    private static let text = String(repeating: "x", count: 200)
    private static let update = UpdateTaskRequest(
        taskID: "task",
        statusMessage: text,
        progress: TaskProgress(current: 1)
    )

    private let clock = CostClock()
    private let engine: TaskEngine<MemoryStorage, CostClock>
    private let arenas = ArenaPool()
    private let server: TaskwireServer
    private let requests: LocalRequests

    init() async throws {
        var logger = Logger(label: "costs")
        logger.logLevel = .warning
        engine = TaskEngine(storage: MemoryStorage(), clock: clock)
        server = try TaskwireServer(configuration: ServerConfiguration(), engine: engine, logger: logger)
        requests = LocalRequests(on: Connection(local: try Address("abstract://costs")))
        _ = try await engine.createTask(Self.creation("task"), options: .default)
    }

    /// Does a step so many times.
    func run(_ step: CostedStep, count: Int) async throws {
        switch step {
        case .encodeGet:
            for _ in 0..<count { _ = try encoded(.call(Self.getCall)) }
        case .encodeCreate:
            for index in 0..<count { _ = try encoded(.call(Self.createCall(index))) }
        case .decodeGet:
            guard let reply = try answer(.call(Self.getCall)) else { return }
            for _ in 0..<count { _ = try decoded(reply) }
        case .engineGet: try await get(from: engine, count)
        case .engineUpdate: try await update(in: engine, count)
        case .engineCreate: try await create(in: engine, count)
        case .sqliteGet: try await withSQLite(reopened: true) { try await get(from: $0, count) }
        case .sqliteRecentGet: try await withSQLite { try await get(from: $0, count) }
        case .sqliteUpdate: try await withSQLite { try await update(in: $0, count) }
        case .sqliteCreate: try await withSQLite { try await create(in: $0, count) }
        case .sqliteGroupUpdate: try await withSQLite { try await inGroups(count, updateOne(in: $0)) }
        case .sqliteGroupCreate: try await withSQLite { try await inGroups(count, createOne(in: $0)) }
        case .routerGet:
            for _ in 0..<count { try expectReply(to: .call(Self.getCall)) }
        case .routerUpdate:
            for _ in 0..<count { try expectReply(to: .call(updateCall)) }
        case .routerCreate:
            for index in 0..<count { try expectReply(to: .call(Self.createCall(index))) }
        case .routerBatchGet:
            try runBatches(of: count) { Self.getCall }
        case .routerBatchUpdate:
            try runBatches(of: count) { updateCall }
        }
    }

    private func get(from store: some TaskStore, _ count: Int) async throws {
        for _ in 0..<count { _ = try await store.getTask("task", view: .basic, options: .default) }
    }

    private func update(in store: some TaskStore, _ count: Int) async throws {
        for index in 0..<count { try await updateOne(in: store)(index) }
    }

    private func create(in store: some TaskStore, _ count: Int) async throws {
        for index in 0..<count { try await createOne(in: store)(index) }
    }

    private func updateOne(in store: some TaskStore) -> @Sendable (_ index: Int) async throws -> Void {
        { [clock] _ in
            clock.advance()
            _ = try await store.updateTask(Self.update, options: Self.mutation)
        }
    }

    private func createOne(in store: some TaskStore) -> @Sendable (_ index: Int) async throws -> Void {
        { index in _ = try await store.createTask(Self.creation("task-\(index)"), options: Self.mutation) }
    }

    /// Does `body` so often, as many at once as are in a batch.
    private func inGroups(_ count: Int, _ body: @escaping @Sendable (_ index: Int) async throws -> Void)
        async throws
    {
        for start in stride(from: 0, to: count, by: Self.batchCount) {
            try await withThrowingDiscardingTaskGroup { group in
                for index in start..<start + Self.batchCount { group.addTask { try await body(index) } }
            }
        }
    }

    /// - Parameter reopened: Whether the task is to be in the file alone, as nobody has changed it since it was opened.
    private func withSQLite(
        reopened: Bool = false,
        _ body: (TaskEngine<SQLiteStorage, CostClock>) async throws -> Void
    ) async throws {
        try await withTemporaryFolder { folder in
            let path = "\(folder)/tasks.db"
            var storage = try await SQLiteStorage(path: path, clock: clock)
            var store = TaskEngine(storage: storage, clock: clock)
            _ = try await store.createTask(Self.creation("task"), options: .default)
            if reopened {
                try await storage.close()
                storage = try await SQLiteStorage(path: path, clock: clock)
                store = TaskEngine(storage: storage, clock: clock)
            }
            try await body(store)
            try await storage.close()
        }
    }

    private func runBatches(of count: Int, _ call: () -> RPCCall) throws {
        for _ in 0..<count / Self.batchCount {
            try expectReply(to: .batch((0..<Self.batchCount).map { _ in .success(call()) }))
        }
    }

    private func expectReply(to request: RPCRequest) throws {
        guard let reply = try answer(request), reply.count > 0 else { throw Failure.noReply }
    }

    private func answer(_ request: RPCRequest) throws -> [UInt8]? {
        requests.reply(to: try encoded(request), by: server.service)
    }

    private func encoded(_ request: RPCRequest) throws -> [UInt8] {
        try arenas.withArena { try request.encoded(arena: $0) }
    }

    private func decoded(_ reply: [UInt8]) throws -> TaskState {
        try reply.withUnsafeBytes { reply in
            try arenas.withArena { arena in
                try RPCResponse.outcome(in: reply, as: TaskReply.self, arena: arena).get()
            }
        }.task
    }

    private enum Failure: Error {
        case noReply
    }

    // MARK: Calls

    private static var mutation: CallOptions { CallOptions(requestID: .random()) }

    private static func creation(_ id: String) -> CreateTaskRequest {
        CreateTaskRequest(taskID: id, ttl: .seconds(86_400), request: Payload(text: text))
    }

    private static var getCall: RPCCall {
        call("GetTask", GetTaskRequest(taskID: "task"))
    }

    private var updateCall: RPCCall {
        clock.advance()
        return Self.call("UpdateTask", Self.update, requestID: .random())
    }

    private static func createCall(_ index: Int) -> RPCCall {
        call("CreateTask", creation("task-\(index)"), requestID: .random())
    }

    private static func call(
        _ method: String,
        _ request: some WireEncodable,
        requestID: RequestID? = nil
    ) -> RPCCall {
        RPCCall(
            method: "taskwire.v1.TaskService/\(method)",
            body: .value(request),
            requestID: requestID,
            timeoutMilliseconds: 30_000
        )
    }
}

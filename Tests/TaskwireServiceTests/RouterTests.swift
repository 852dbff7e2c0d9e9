import Logging
import Synchronization
import Taskwire
import TaskwireProtobuf
import TaskwireRPC
import TaskwireServer
import TaskwireTestSupport
import Testing

@Suite("Router")
struct RouterTests {
    /// An operation that no server serves whose store is in memory.
    private static let unservedInMemory = "StartBackup"

    /// Fails when an operation of the descriptors has no handler.
    @Test
    func everyOperationHasAHandler() async throws {
        try await withRawClient { client, _ in
            for method in ServiceDescriptor.all.flatMap(\.methods) {
                let call = RPCCall(method: method.fullName, body: .encoded([]), requestID: .random())
                let refusal = try await client.refusal(of: call)
                let isServed = refusal?.code != .unimplemented
                #expect(
                    isServed == (method.name != Self.unservedInMemory),
                    "\(method.fullName): \(String(describing: refusal))"
                )
                if !isServed { #expect(refusal?.reason == .methodNotServed) }
            }
        }
    }

    @Test(arguments: ["", "GetTask", "taskwire.v1.TaskService/Nope", "taskwire.v2.TaskService/GetTask"])
    func anUnknownMethodIsNamed(_ method: String) async throws {
        try await withRawClient { client, _ in
            let refusal = try await client.refusal(of: RPCCall(method: method, body: .encoded([])))
            #expect(refusal?.code == .unimplemented)
            #expect(refusal?.reason == .unknownMethod)
            #expect(refusal?.jsonRPCCode == -32601)
            #expect(refusal?.message.contains("\"\(method)\"") == true)
        }
    }

    @Test
    func bytesThatAreNoRequestAreAnswered() async throws {
        try await withRawClient { client, _ in
            for bytes: [UInt8] in [[], [0xFF], [0x0A, 0xFF], Array(0...255)] {
                guard case .reply(.failure(let error)) = try await client.send(bytes: bytes) else {
                    Issue.record("\(bytes) were taken for a request")
                    continue
                }
                #expect(error.code == .invalidArgument)
                #expect(error.reason == .malformedMessage)
            }
            #expect(try await client.refusal(of: RawClient.call("ServerService/Ping", EmptyRequest())) == nil)
        }
    }

    @Test
    func aBodyThatIsNotTheMethodsMessageIsRefused() async throws {
        try await withRawClient { client, _ in
            let bad: [([UInt8], String)] = [
                ([0x0A, 0x05, 0x61], "task_id"),
                ([0x0A, 0x01, 0xFF], "task_id"),
                ([0x0A, 0x03, 0x61, 0x00, 0x62], "task_id"),
                ([0x0A, 0x01, 0x61, 0x10, 0x07], "view"),
            ]
            for (body, field) in bad {
                let call = RPCCall(method: "taskwire.v1.TaskService/GetTask", body: .encoded(body))
                let refusal = try await client.refusal(of: call)
                #expect(refusal?.code == .invalidArgument)
                #expect(refusal?.message.contains(field) == true, "\(String(describing: refusal))")
            }
        }
    }

    @Test
    func anUnservedMethodStillChecksItsBody() async throws {
        try await withRawClient { client, _ in
            let call = RPCCall(
                method: "taskwire.v1.TaskService/ClaimTask",
                body: .encoded([0x0A, 0x01, 0xFF])
            )
            let refusal = try await client.refusal(of: call)
            #expect(refusal?.code == .invalidArgument)
        }
    }

    /// A fault of the Python SDK 1.29: a queue is made for any id that is named, and stays.
    @Test(arguments: ["EnqueueMessage", "DequeueMessage", "PeekMessage", "ClearMessages"])
    func queuesOfUnknownIDsAreCreatedAndLeak(_ method: String) async throws {
        try await withRawClient { client, store in
            // task_id = "nowhere"
            let body: [UInt8] = [0x0A, 0x07] + Array("nowhere".utf8)
            let name = "taskwire.v1.TaskService/\(method)"
            let refusal = try await client.refusal(
                of: RPCCall(method: name, body: .encoded(body), requestID: .random())
            )
            #expect(refusal != nil)
            #expect(try await store.counts() == TaskStorageCounts(tasks: 0, tombstones: 0))
        }
    }

    @Test
    func aMutationNeedsARequestID() async throws {
        try await withRawClient { client, store in
            let call = RawClient.call("TaskService/CreateTask", CreateTaskRequest(), requestID: nil)
            let refusal = try await client.refusal(of: call)
            #expect(refusal?.code == .invalidArgument)
            #expect(refusal?.message.hasPrefix("request_id: ") == true)
            #expect(try await store.counts().tasks == 0)
        }
    }

    @Test
    func aRequestIDHasSixteenBytes() async throws {
        try await withRawClient { client, _ in
            // Call { method = "m", request_id = "short" } in a Request, by hand.
            let call: [UInt8] = [0x0A, 0x01, 0x6D, 0x1A, 0x05] + Array("short".utf8)
            let response = try await client.send(bytes: [0x0A, UInt8(call.count)] + call)
            guard case .reply(.failure(let error)) = response else {
                Issue.record("taken")
                return
            }
            #expect(error.code == .invalidArgument)
            #expect(error.message.contains("request_id"))
        }
    }

    @Test
    func callsOfABatchSucceedAndFailByThemselves() async throws {
        try await withRawClient { client, store in
            let task = try await store.createTask()
            let get = GetTaskRequest(taskID: task.id)
            let wait = WaitTaskRequest(taskID: task.id, afterRevision: 9)
            let dequeue = DequeueMessageRequest(taskID: task.id)
            let response = try await client.send(
                .batch([
                    .success(RawClient.call("TaskService/GetTask", get)),
                    .success(RawClient.call("TaskService/GetTask", GetTaskRequest(taskID: "nowhere"))),
                    .success(RawClient.call("TaskService/WaitTask", wait)),
                    .success(RawClient.call("TaskService/CancelTask", CancelTaskRequest(taskID: task.id))),
                    .success(RawClient.call("TaskService/GetTask", get)),
                    .success(RawClient.call("TaskService/DequeueMessage", dequeue)),
                ])
            )
            guard case .batch(let replies) = response, replies.count == 6 else {
                Issue.record("\(response)")
                return
            }
            #expect(try replies[0].decoded(as: TaskReply.self, arena: Arena()).task == task)
            #expect(throws: TaskwireError(.notFound, .taskNotFound, "Task not found: nowhere")) {
                try replies[1].decoded(as: TaskReply.self, arena: Arena())
            }
            for index in [2, 5] {
                let refusal = #expect(throws: TaskwireError.self) {
                    try replies[index].decoded(as: TaskReply.self, arena: Arena())
                }
                #expect(refusal?.code == .invalidArgument)
                #expect(refusal?.message.contains("batch") == true)
            }
            let cancelled = try replies[3].decoded(as: TaskReply.self, arena: Arena()).task
            #expect(cancelled.status == .cancelled)
            #expect(try replies[4].decoded(as: TaskReply.self, arena: Arena()).task == cancelled)
        }
    }

    @Test
    func aBatchHasItsLimits() async throws {
        var limits = ServerLimits()
        limits.maxBatchCalls = 3
        limits.maxBatchBytes = 2000
        try await withRawClient(limits: limits) { client, _ in
            let ping = RawClient.call("ServerService/Ping", EmptyRequest())
            guard
                case .batch(let replies) = try await client.send(
                    .batch([ping, ping, ping].map { .success($0) })
                )
            else {
                Issue.record("a batch of 3 is allowed")
                return
            }
            #expect(replies.count == 3)
            var large = ping
            large.token = String(repeating: "x", count: 2000)
            for batch in [[ping, ping, ping, ping], [large]] {
                guard
                    case .reply(.failure(let error)) = try await client.send(
                        .batch(batch.map { .success($0) })
                    )
                else {
                    Issue.record("above the limits")
                    continue
                }
                #expect(error.code == .resourceExhausted)
                #expect(error.reason == .tooLarge)
            }
        }
    }

    /// A call's time counts from the arrival of its message, and here it is over when the call before it has ended.
    @Test
    func aCallOfABatchWhoseTurnComesTooLateIsNotCarriedOut() async throws {
        let storage = BusyStorage()
        let engine = TaskEngine(storage: storage, clock: SystemTaskClock())
        try await withServer(on: engine, listen: ["abstract://\(generateTaskID())"]) { server in
            let client = try RawClient(url: server.urls[0])
            var calls = ["first", "late"].map {
                RawClient.call("TaskService/GetTask", GetTaskRequest(taskID: $0))
            }
            calls[1].timeoutMilliseconds = 1
            guard case .batch(let replies) = try await client.send(.batch(calls.map { .success($0) })) else {
                Issue.record("no batch")
                return
            }
            let reasons = replies.map { reply -> TaskwireError.Reason? in
                if case .failure(let error) = reply { error.reason } else { nil }
            }
            #expect(reasons == [.taskNotFound, .deadlineExceeded])
            #expect(storage.readIDs == ["first"])
            await client.socket.close()
        }
    }

    @Test
    func aReplyAboveTheSizeOfAMessageIsRefusedAndNothingElse() async throws {
        var limits = ServerLimits()
        limits.maxMessageBytes = 65_536
        try await withRawClient(limits: limits) { client, store in
            let tooLarge = try await store.createTask()
            _ = try await store.completeTask(
                tooLarge.id,
                result: Payload(data: [UInt8](repeating: 7, count: 65_536))
            )
            let refused = RawClient.call("TaskService/GetResult", GetResultRequest(taskID: tooLarge.id))
            #expect(try await client.refusal(of: refused)?.reason == .tooLarge)

            let large = Payload(data: [UInt8](repeating: 7, count: 40_000))
            let task = try await store.createTask(request: large)
            _ = try await store.completeTask(task.id, result: large)
            let full = RawClient.call("TaskService/GetTask", GetTaskRequest(taskID: task.id, view: .full))
            let result = RawClient.call("TaskService/GetResult", GetResultRequest(taskID: task.id))
            #expect(try await client.refusal(of: result) == nil)

            let response = try await client.send(
                .batch([.success(result), .success(full), .success(result)])
            )
            guard case .batch(let replies) = response, replies.count == 3 else {
                Issue.record("\(response)")
                return
            }
            let outcomes = replies.map { reply in
                if case .success = reply { true } else { false }
            }
            #expect(outcomes == [true, false, false], "the first one has room, and the third has none left")
        }
    }

    @Test
    func decodingTakesBoundedMemory() async throws {
        var limits = ServerLimits()
        limits.maxMessageBytes = 1 << 20
        limits.maxDecodeBytes = 1 << 20
        try await withRawClient(limits: limits) { client, _ in
            // Each empty entry of ListTasksRequest.labels takes two bytes on the wire and a struct in memory.
            let entries = [UInt8](repeatElement([0x22, 0x00], count: 100_000).joined())
            let call = RPCCall(method: "taskwire.v1.TaskService/ListTasks", body: .encoded(entries))
            let refusal = try await client.refusal(of: call)
            #expect(refusal?.code == .invalidArgument)
            #expect(refusal?.reason == .tooLarge)
            #expect(try await client.refusal(of: RawClient.call("ServerService/Ping", EmptyRequest())) == nil)
        }
    }

    @Test
    func statisticsCountCallsAndErrors() async throws {
        try await withRawClient { client, store in
            let task = try await store.createTask()
            for id in [task.id, task.id, "nowhere"] {
                _ = try await client.send(
                    .call(RawClient.call("TaskService/GetTask", GetTaskRequest(taskID: id)))
                )
            }
            let call = RawClient.call("ServerService/GetStats", EmptyRequest())
            guard case .reply(let reply) = try await client.send(.call(call)) else {
                Issue.record("no reply")
                return
            }
            let stats = try reply.decoded(as: ServerStats.self, arena: Arena())
            #expect(stats.tasks == 1)
            #expect(stats.connections == 1)
            #expect(stats.calls == 3)
            #expect(stats.errors == 1)
            let method = try #require(stats.methods.first)
            #expect(method.name == "taskwire.v1.TaskService/GetTask")
            #expect((method.calls, method.errors) == (3, 1))
            #expect(method.p50Microseconds <= method.p99Microseconds)
            #expect(method.p99Microseconds <= method.maxMicroseconds)
        }
    }
}

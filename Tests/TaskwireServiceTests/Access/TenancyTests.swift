import Foundation
import Taskwire
import TaskwireClient
import TaskwireProtobuf
import TaskwireRPC
import TaskwireServer
import TaskwireTestSupport
import Testing

/// What belongs to one owner is nothing to another.
@Suite("Tenancy")
struct TenancyTests {
    /// A request of each method that names a task, which would get to that task if it were the caller's. A new method of
    /// the descriptors without one fails the test.
    private static let requests:
        [String: @Sendable (_ taskID: String, _ leaseToken: [UInt8]) -> any WireEncodable] = [
            "CreateTask": { id, _ in CreateTaskRequest(taskID: id) },
            "GetTask": { id, _ in GetTaskRequest(taskID: id, view: .full) },
            "UpdateTask": { id, token in UpdateTaskRequest(taskID: id, statusMessage: "x", leaseToken: token)
            },
            "StoreResult": { id, token in
                StoreResultRequest(taskID: id, result: Payload(text: "x"), leaseToken: token)
            },
            "CompleteTask": { id, token in
                CompleteTaskRequest(taskID: id, result: Payload(text: "x"), leaseToken: token)
            },
            "FailTask": { id, token in
                FailTaskRequest(taskID: id, error: TaskError(message: "x"), leaseToken: token)
            },
            "CancelTask": { id, _ in CancelTaskRequest(taskID: id) },
            "GetResult": { id, _ in GetResultRequest(taskID: id) },
            "AwaitResult": { id, _ in AwaitResultRequest(taskID: id) },
            "WaitTask": { id, _ in WaitTaskRequest(taskID: id, afterRevision: 0) },
            "DeleteTask": { id, _ in DeleteTaskRequest(taskID: id) },
            "ClaimTask": { id, _ in ClaimTaskRequest(taskID: id, worker: "x", lease: .seconds(60)) },
            "RenewLease": { id, token in RenewLeaseRequest(taskID: id, leaseToken: token) },
            "ReleaseLease": { id, token in ReleaseLeaseRequest(taskID: id, leaseToken: token) },
            "EnqueueMessage": { id, token in
                EnqueueMessageRequest(
                    taskID: id,
                    kind: .notification,
                    payload: Payload(text: "x"),
                    leaseToken: token
                )
            },
            "DequeueMessage": { id, _ in DequeueMessageRequest(taskID: id) },
            "PeekMessage": { id, _ in PeekMessageRequest(taskID: id) },
            "ClearMessages": { id, _ in ClearMessagesRequest(taskID: id) },
            "WaitMessage": { id, _ in WaitMessageRequest(taskID: id) },
            "RequestInput": { id, token in
                RequestInputRequest(taskID: id, key: "x", payload: Payload(text: "x"), leaseToken: token)
            },
            "ProvideInput": { id, _ in
                ProvideInputRequest(taskID: id, responses: ["question": Payload(text: "x")])
            },
            "AwaitInput": { id, _ in AwaitInputRequest(taskID: id, key: "question") },
        ]

    /// Tasks of alice in every state, and the leases that she knows of.
    private struct Estate {
        var taskIDs: [String]
        var leaseTokens: [String: [UInt8]] = [:]

        init(_ alice: any TaskStore, _ clock: ManualClock) async throws {
            taskIDs = [
                "working", "claimed", "asking", "completed", "failed", "cancelled", "deleted", "expired",
            ]
            for id in taskIDs {
                let ttl: Duration? = id == "expired" ? .seconds(1) : nil
                _ = try await alice.createTask(
                    CreateTaskRequest(taskID: id, ttl: ttl, request: Payload(text: "secret")),
                    options: .default
                )
            }
            _ = try await alice.enqueueMessage(Payload(text: "secret"), kind: .notification, for: "working")
            let claim = ClaimTaskRequest(taskID: "claimed", worker: "w", lease: .seconds(600))
            leaseTokens["claimed"] = try await alice.claimTask(claim, options: .default).leaseToken
            _ = try await alice.requestInput(
                RequestInputRequest(taskID: "asking", key: "question", payload: Payload(text: "secret")),
                options: .default
            )
            _ = try await alice.completeTask("completed", result: Payload(text: "secret"))
            _ = try await alice.failTask("failed", error: TaskError(message: "secret"))
            _ = try await alice.cancelTask("cancelled")
            _ = try await alice.deleteTask("deleted")
            clock.advance(by: .seconds(2))
        }
    }

    /// What the server sends back, byte by byte.
    private static func response(of client: RawClient, to call: RPCCall) async throws -> [UInt8] {
        let request = try RPCRequest.call(call).encoded()
        let message = try Message(size: request.count)
        message.withUnsafeMutableBytes { $0.copyBytes(from: request) }
        let response = try await client.socket.exchange(message, deadline: .now.advanced(by: .seconds(60)))
        return response.withUnsafeBytes { Array($0) }
    }

    private static func caller(_ principal: String, _ tokens: Tokens) -> (RPCCall) -> RPCCall {
        { call in
            var call = call
            call.token = tokens[principal]
            if principal == "admin" { call.metadata[CallOptions.ownerKey] = "mallory" }
            return call
        }
    }

    @Test(
        "to every method, another owner's task is a task that does not exist",
        arguments: ["mallory", "worker:mallory", "admin"]
    )
    func othersTasks(principal: String) async throws {
        try await withTimeLimit {
            try await withTemporaryFolder { folder in
                let tokens = try Tokens(for: ["alice", principal], in: folder)
                let accepted = try AccessTokens(path: tokens.path)
                let clock = ManualClock()
                let engine = TaskEngine(storage: MemoryStorage(), clock: clock)
                let listen = ["abstract://\(generateTaskID())"]
                try await withServer(on: engine, listen: listen) {
                    $0.tokens = accepted
                } _: { server in
                    let alice = engine.acting(for: "alice")
                    let estate = try await Estate(alice, clock)
                    let before = try await alice.listTasks(ListTasksRequest(), options: .default).tasks
                    #expect(before.count == 6)
                    let client = try RawClient(url: server.urls[0])
                    try await Self.compare(
                        estate,
                        client,
                        Self.caller(principal, tokens)
                    )
                    await client.socket.close()
                    let after = try await alice.listTasks(ListTasksRequest(), options: .default).tasks
                    #expect(after == before)
                }
            }
        }
    }

    private static func compare(
        _ estate: Estate,
        _ client: RawClient,
        _ identified: (RPCCall) -> RPCCall
    ) async throws {
        let methods = ServiceDescriptor.all.flatMap(\.methods)
            .filter { $0.requestFieldNames.contains("task_id") }
        #expect(methods.count >= 22)
        // Creating comes last: from then on the caller has such a task.
        let ordered = methods.filter { $0.name != "CreateTask" } + methods.filter { $0.name == "CreateTask" }
        for method in ordered {
            let request = try #require(requests[method.name], "\(method.name) has no request here")
            for id in estate.taskIDs {
                let leaseToken = estate.leaseTokens[id] ?? []
                // As long as the other one, so that it takes as many bytes.
                let nobodys = String(id.reversed())
                let responses = try await [id, nobodys].asyncMap { taskID in
                    let body = RPCBody.value(request(taskID, leaseToken))
                    let call = RPCCall(method: method.fullName, body: body, requestID: .random())
                    return try await response(of: client, to: identified(call))
                }
                let own = responses[1].replacing(Array(nobodys.utf8), with: Array(id.utf8))
                #expect(responses[0] == own, "\(method.name) of the task \(id)")
                #expect(!responses[0].contains(Array("secret".utf8)))
            }
        }
    }

    @Test("listings and their cursors show nothing of others")
    func listings() async throws {
        try await withTemporaryFolder { folder in
            let tokens = try Tokens(for: ["alice", "mallory"], in: folder)
            let accepted = try AccessTokens(path: tokens.path)
            try await withServer(on: InMemoryTaskStore(), listen: ["abstract://\(generateTaskID())"]) {
                $0.tokens = accepted
            } _: { server in
                let url = server.urls[0]
                let cursor = try await tokens.withClient(of: "alice", at: url) { alice async throws in
                    for _ in 0..<3 { _ = try await alice.createTask() }
                    return try await alice.listTasks(ListTasksRequest(pageSize: 1), options: .default)
                        .nextCursor
                }
                try await tokens.withClient(of: "mallory", at: url) { mallory async throws in
                    #expect(try await mallory.listTasks().tasks.isEmpty)
                    let next = ListTasksRequest(pageSize: 1, cursor: cursor)
                    let refusal = await refusal { _ = try await mallory.listTasks(next, options: .default) }
                    #expect(refusal?.reason == .invalidCursor)
                }
            }
        }
    }
}

extension Sequence {
    /// The results of `transform`, one after the other.
    fileprivate func asyncMap<Output>(
        _ transform: (Element) async throws -> Output
    ) async rethrows -> [Output] {
        var outputs: [Output] = []
        for element in self { outputs.append(try await transform(element)) }
        return outputs
    }
}

import Foundation
import Taskwire
import TaskwireClient
import TaskwireProtobuf
import TaskwireRPC
import TaskwireServer
import TaskwireTestSupport
import Testing

@Suite("Tokens and roles")
struct TokenTests {
    private static func withTokens(
        for principals: [String],
        listen: String = "abstract://\(generateTaskID())",
        _ body: @escaping @Sendable (Tokens, _ url: String, AccessTokens) async throws -> Void
    ) async throws {
        try await withTimeLimit {
            try await withTemporaryFolder { folder in
                let tokens = try Tokens(for: principals, in: folder)
                let accepted = try AccessTokens(path: tokens.path)
                try await withServer(on: InMemoryTaskStore(), listen: [listen]) {
                    $0.tokens = accepted
                } _: { server in
                    try await body(tokens, server.urls[0], accepted)
                }
            }
        }
    }

    @Test("a call without a token, or with a wrong one, does nothing")
    func wrongTokens() async throws {
        try await Self.withTokens(for: ["alice"]) { tokens, url, _ in
            let right = tokens["alice"]
            let wrong = ["", "x", String(right.dropLast()), right + "A", right.uppercased(), " " + right]
            for token in wrong {
                var configuration = TaskwireClient.Configuration()
                configuration.token = token
                try await withTaskwireClient(url, configuration) { client async throws in
                    for refusal in [
                        await refusal { _ = try await client.createTask() },
                        await refusal { _ = try await client.getTask("nowhere") },
                        await refusal { _ = try await client.ping() },
                        await refusal { _ = try await client.serverInfo() },
                        await refusal { _ = try await client.descriptors() },
                    ] {
                        #expect(refusal?.code == .unauthenticated && refusal?.reason == .unauthenticated)
                        #expect(token.isEmpty || refusal?.message.contains(token) == false)
                    }
                }
            }
            try await tokens.withClient(of: "alice", at: url) { client async throws in
                #expect(try await client.listTasks().tasks.isEmpty)
            }
        }
    }

    @Test("a method that does not exist is nobody's business either")
    func unknownMethod() async throws {
        try await Self.withTokens(for: ["alice"]) { tokens, url, _ in
            let client = try RawClient(url: url)
            var call = RPCCall(method: "taskwire.v1.TaskService/Nope", body: .encoded([]))
            #expect(try await client.refusal(of: call)?.reason == .unauthenticated)
            call.token = tokens["alice"]
            #expect(try await client.refusal(of: call)?.reason == .unknownMethod)
            await client.socket.close()
        }
    }

    @Test("each owner has tasks of its own, and each call says who makes it")
    func owners() async throws {
        try await Self.withTokens(for: ["alice", "bob"]) { tokens, url, _ in
            try await tokens.withClient(of: "alice", at: url) { alice async throws in
                try await tokens.withClient(of: "bob", at: url) { bob async throws in
                    let task = try await alice.createTask(id: "t")
                    #expect(task.owner == "alice")
                    #expect(await refusal { _ = try await bob.getTask("t") }?.reason == .taskNotFound)
                    #expect(try await bob.createTask(id: "t").owner == "bob")
                    #expect(try await alice.listTasks().tasks.map(\.owner) == ["alice"])
                }
            }
            // Over one connection, in one batch.
            let calls = ["alice", "bob", ""].map { name in
                var call = RawClient.call("TaskService/GetTask", GetTaskRequest(taskID: "t"), requestID: nil)
                call.token = tokens[name]
                return call
            }
            let client = try RawClient(url: url)
            guard case .batch(let replies) = try await client.send(.batch(calls.map { .success($0) })) else {
                Issue.record("no batch")
                return
            }
            let owners = replies.map { try? $0.decoded(as: TaskReply.self, arena: Arena()).task.owner }
            #expect(owners == ["alice", "bob", nil])
            await client.socket.close()
        }
    }

    @Test(
        "what a role may do",
        arguments: [
            "worker:alice": RoleTable.everybody, "alice": RoleTable.owners, "admin": RoleTable.admins,
        ]
    )
    func roles(principal: String, allowed: Set<String>) async throws {
        try await Self.withTokens(for: [principal]) { tokens, url, _ in
            let client = try RawClient(url: url)
            for method in ServiceDescriptor.all.flatMap(\.methods) {
                #expect(RoleTable.admins.contains(method.name), "\(method.name) is in no role")
                var call = RPCCall(method: method.fullName, body: .encoded([]), requestID: .random())
                call.token = tokens[principal]
                let isDenied = try await client.refusal(of: call)?.code == .permissionDenied
                #expect(isDenied != allowed.contains(method.name), "\(method.name)")
            }
            await client.socket.close()
        }
    }

    @Test("a worker works on the tasks of its owner")
    func worker() async throws {
        try await Self.withTokens(for: ["alice", "bob", "worker:alice"]) { tokens, url, _ in
            try await tokens.withClient(of: "alice", at: url) { _ = try await $0.createTask(id: "a") }
            try await tokens.withClient(of: "bob", at: url) { _ = try await $0.createTask(id: "b") }
            try await tokens.withClient(of: "worker:alice", at: url) { worker async throws in
                #expect(try await worker.listTasks().tasks.map(\.id) == ["a"])
                try await withTaskExecution(of: "a", in: worker) { context in
                    try await context.complete(Payload(text: "done"))
                }
                #expect(await refusal { _ = try await worker.getTask("b") }?.reason == .taskNotFound)
                #expect(await refusal { _ = try await worker.createTask() }?.code == .permissionDenied)
                #expect(await refusal { _ = try await worker.deleteTask("a") }?.code == .permissionDenied)
            }
        }
    }

    @Test("an admin acts for the owner that it names, and nobody else may")
    func admin() async throws {
        try await Self.withTokens(for: ["alice", "admin"]) { tokens, url, _ in
            try await tokens.withClient(of: "alice", at: url) { _ = try await $0.createTask(id: "a") }
            try await tokens.withClient(of: "admin", at: url) { admin async throws in
                #expect(await refusal { _ = try await admin.getTask("a") }?.reason == .taskNotFound)
                #expect(try await admin.serverStats().tasks == 1)
            }
            try await tokens.withClient(of: "admin", at: url, owner: "alice") { admin async throws in
                #expect(try await admin.cancelTask("a").owner == "alice")
            }
            try await tokens.withClient(of: "admin", at: url, owner: "worker:alice") { admin async throws in
                #expect(await refusal { _ = try await admin.getTask("a") }?.reason == .invalidField)
            }
            try await tokens.withClient(of: "alice", at: url, owner: "alice") { alice async throws in
                #expect(try await alice.getTask("a").status == .cancelled)
            }
            try await tokens.withClient(of: "alice", at: url, owner: "bob") { alice async throws in
                #expect(await refusal { _ = try await alice.listTasks() }?.code == .permissionDenied)
            }
        }
    }

    @Test("tokens that are taken back or added count after reading the file again")
    func reloading() async throws {
        try await Self.withTokens(for: ["alice"]) { tokens, url, accepted in
            let other = AccessToken.generate()
            let line = AccessToken.line(for: try Principal("bob"), token: other)
            try await tokens.withClient(of: "alice", at: url) { alice async throws in
                _ = try await alice.ping()
                try Tokens.write(["# nobody but bob", "", line], to: tokens.path)
                _ = try await alice.ping()
                #expect(try accepted.reload() == 1)
                #expect(await refusal { _ = try await alice.ping() }?.code == .unauthenticated)
            }
            var configuration = TaskwireClient.Configuration()
            configuration.token = other
            try await withTaskwireClient(url, configuration) { bob async throws in
                #expect(try await bob.createTask().owner == "bob")
                try Tokens.write(["nonsense"], to: tokens.path)
                #expect(throws: TaskwireError.self) { try accepted.reload() }
                _ = try await bob.ping()
            }
        }
    }

    @Test(
        "a file of tokens that cannot be used is refused with its line",
        arguments: [
            ("alice", "line 1"),
            ("# fine\nalice \(String(repeating: "0", count: 63))", "line 2"),
            ("alice \(String(repeating: "g", count: 64))", "line 1"),
            ("alice \(String(repeating: "0", count: 64)) more", "line 1"),
            ("worker: \(String(repeating: "0", count: 64))", "worker:NAME"),
            ("\u{E9}milie \(String(repeating: "0", count: 64))", "line 1"),
            ("a \(String(repeating: "0", count: 64))\nb \(String(repeating: "0", count: 64))", "line 2"),
        ]
    )
    func badFiles(text: String, part: String) async throws {
        try await withTemporaryFolder { folder in
            let path = "\(folder)/tokens"
            try Tokens.write([text], to: path)
            let refusal = #expect(throws: TaskwireError.self) { try AccessTokens(path: path) }
            #expect(refusal?.code == .invalidArgument)
            #expect(refusal?.message.contains(part) == true && refusal?.message.contains(path) == true)
        }
    }

    @Test("a file of tokens that others may write to, or that is not there, is refused")
    func unsafeFiles() async throws {
        try await withTemporaryFolder { folder in
            let tokens = try Tokens(for: ["alice"], in: folder)
            for mode in [0o620, 0o602] {
                try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: tokens.path)
                let refusal = #expect(throws: TaskwireError.self) { try AccessTokens(path: tokens.path) }
                #expect(refusal?.message.contains("chmod go-w") == true)
            }
            let refusal = #expect(throws: TaskwireError.self) { try AccessTokens(path: "\(folder)/nowhere") }
            #expect(refusal?.message.contains("\(folder)/nowhere") == true)
        }
    }
}

/// What each role may call; a new method that is not in here fails the test.
private enum RoleTable {
    static let everybody: Set<String> = [
        "GetTask", "UpdateTask", "StoreResult", "CompleteTask", "FailTask", "CancelTask", "GetResult",
        "AwaitResult", "WaitTask", "ListTasks", "ClaimTask", "RenewLease", "ReleaseLease", "EnqueueMessage",
        "DequeueMessage", "PeekMessage", "ClearMessages", "WaitMessage", "RequestInput", "ProvideInput",
        "AwaitInput", "Ping", "CheckHealth", "GetServerInfo", "GetDescriptors",
    ]
    static let owners: Set<String> = everybody.union(["CreateTask", "DeleteTask"])
    static let admins: Set<String> = owners.union(["GetStats", "StartBackup", "ReadBackup", "EndBackup"])
}

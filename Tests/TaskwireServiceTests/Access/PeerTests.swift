import Foundation
import Taskwire
import TaskwireClient
import TaskwireServer
import TaskwireTestSupport
import Testing

@Suite("Users of ipc")
struct PeerTests {
    @Test("the user of the peer is the owner, unless a token says otherwise")
    func peerOwners() async throws {
        try await withTemporaryFolder { folder in
            let tokens = try Tokens(for: ["alice", "admin"], in: folder)
            let accepted = try AccessTokens(path: tokens.path)
            let listen = ["ipc://\(folder)/below/t.sock", "tcp://127.0.0.1:0"]
            try await withServer(on: InMemoryTaskStore(), listen: listen) {
                $0.tokens = accepted
                $0.isPeerOwner = true
            } _: { server in
                let owner = "uid:\(getuid())"
                let url = server.urls[0]
                try await withTaskwireClient(url) { client async throws in
                    #expect(try await client.createTask(id: "t").owner == owner)
                    #expect(await refusal { _ = try await client.serverStats() }?.code == .permissionDenied)
                }
                try await tokens.withClient(of: "alice", at: url) { alice async throws in
                    #expect(await refusal { _ = try await alice.getTask("t") }?.reason == .taskNotFound)
                }
                try await tokens.withClient(of: "admin", at: url, owner: owner) { admin async throws in
                    #expect(try await admin.getTask("t").owner == owner)
                }
                try await withTaskwireClient(server.urls[1]) { client async throws in
                    #expect(await refusal { _ = try await client.ping() }?.code == .unauthenticated)
                }
            }
        }
    }

    @Test(
        "a socket file is for its user alone, and for everybody only where each is an owner",
        arguments: [false, true]
    )
    func modes(isPeerOwner: Bool) async throws {
        try await withTemporaryFolder { folder in
            let tokens = try AccessTokens(path: Tokens(for: ["alice"], in: folder).path)
            let sockets = ["\(folder)/below/t.sock", "\(folder)/below/alice.sock"]
            let listen = ["ipc://\(sockets[0])", "ipc://\(sockets[1]),owner=alice"]
            try await withServer(on: InMemoryTaskStore(), listen: listen) {
                $0.tokens = tokens
                $0.isPeerOwner = isPeerOwner
            } _: { _ async throws in
                func mode(_ path: String) throws -> Int? {
                    try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
                }
                #expect(try mode(sockets[0]) == (isPeerOwner ? 0o666 : 0o600))
                #expect(try mode("\(folder)/below") == (isPeerOwner ? 0o755 : 0o700))
                // Whoever comes in there is alice.
                #expect(try mode(sockets[1]) == 0o600)
            }
        }
    }

    @Test("a folder that others cannot enter is no place for a socket that is meant for them")
    func closedFolder() async throws {
        try await withTemporaryFolder { folder in
            let refusal = await refusal {
                try await withServer(on: InMemoryTaskStore(), listen: ["ipc://\(folder)/t.sock"]) {
                    $0.isPeerOwner = true
                } _: { _ in
                }
            }
            #expect(refusal?.code == .permissionDenied && refusal?.message.contains("chmod o+x") == true)
        }
    }
}

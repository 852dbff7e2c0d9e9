import Taskwire
import TaskwireServer
import TaskwireTestSupport
import Testing

@Suite("Listeners")
struct ListenerTests {
    private static func problem(
        _ listeners: [String],
        _ configure: (inout ServerConfiguration) throws -> Void = { _ in }
    ) throws -> String? {
        var configuration = ServerConfiguration()
        configuration.listen = try listeners.map { try Listener($0) }
        try configure(&configuration)
        do {
            try configuration.validate(with: TaskLimits())
            return nil
        } catch let error as TaskwireError {
            #expect(error.code == .invalidArgument || error.code == .permissionDenied)
            return error.message
        }
    }

    @Test(
        "an address that other machines can reach needs TLS and credentials, and the error says which are missing"
    )
    func openAddresses() async throws {
        try await TestCertificates.with { certificates in
            let tokens = try AccessTokens(path: Tokens(for: ["alice"], in: certificates.folder).path)
            let plain = "tcp://0.0.0.0:0"
            let secure = "tls+tcp://0.0.0.0:0\(certificates.listenerAttributes())"
            let certified = "tls+tcp://0.0.0.0:0\(certificates.listenerAttributes(clients: "ca"))"
            for (listener, hasTokens, missing) in [
                (plain, false, ["tls+tcp://", "tokens"]),
                (plain, true, ["tls+tcp://"]),
                (secure, false, ["tokens", "ca=FILE"]),
                (secure + ",owner=alice", true, ["ca=FILE"]),
                (secure, true, []),
                (certified, false, []),
                (certified + ",owner=alice", false, []),
            ] {
                let problem = try Self.problem([listener]) { if hasTokens { $0.tokens = tokens } }
                #expect((problem == nil) == missing.isEmpty, "\(listener): \(problem ?? "")")
                for part in missing { #expect(problem?.contains(part) == true, "\(problem ?? "")") }
                #expect(try Self.problem([listener]) { $0.isInsecure = true } == nil)
            }
        }
    }

    @Test("an address where nobody could prove who they are is refused")
    func unreachableAddresses() async throws {
        try await withTemporaryFolder { folder in
            let ipc = "ipc://\(folder)/t.sock"
            let tcp = "tcp://127.0.0.1:0"
            #expect(try Self.problem([ipc, tcp]) == nil)
            #expect(try Self.problem([ipc]) { $0.isPeerOwner = true } == nil)
            #expect(try Self.problem([ipc, tcp]) { $0.isPeerOwner = true }?.contains("no tokens") == true)
            #expect(try Self.problem([ipc + ",owner=alice", tcp])?.contains("no owner") == true)
            let tokens = try AccessTokens(path: Tokens(for: ["alice"], in: folder).path)
            #expect(try Self.problem([ipc + ",owner=alice", tcp]) { $0.tokens = tokens } == nil)
        }
    }

    @Test(
        "the text of a listener that is wrong",
        arguments: [
            "tcp://127.0.0.1:0,", "tcp://127.0.0.1:0,x", "tcp://127.0.0.1:0,cert", "tcp://127.0.0.1:0,cert=",
            "tcp://127.0.0.1:0,owner=a,owner=b", "tcp://127.0.0.1:0,=x", "tcp://127.0.0.1:0, owner=a",
        ]
    )
    func wrongTexts(_ text: String) {
        let refusal = #expect(throws: TaskwireError.self) { try Listener(text) }
        #expect(refusal?.reason == .invalidField && refusal?.message.hasPrefix("listen: ") == true)
    }

    @Test("owners that are none", arguments: ["admin", "worker:a", "#a", "a b", "\u{E9}", "\u{7f}"])
    func wrongOwners(_ owner: String) throws {
        var listener = Listener(url: "tcp://127.0.0.1:0")
        listener.owner = owner
        var configuration = ServerConfiguration()
        configuration.listen = [listener]
        let refusal = #expect(throws: TaskwireError.self) { try configuration.validate(with: TaskLimits()) }
        #expect(refusal?.message.hasPrefix("owner: ") == true)
    }

    @Test("texts are read as they are written")
    func texts() throws {
        for text in [
            "ipc:///run/t.sock", "tcp://127.0.0.1:1,owner=a=b", "tls+tcp://[::]:1,cert=c,key=k,ca=a,owner=o",
        ] {
            #expect(try Listener(text).description == text)
        }
        for text in ["alice", "worker:alice", "admin", "uid:1000", "a@example.org"] {
            #expect(try Principal(text).description == text)
        }
    }
}

import Foundation
import Taskwire
import TaskwireClient
import TaskwireServer
import TaskwireTestSupport
import Testing

@Suite("TLS")
struct TLSTests {
    private static func withServer(
        _ certificates: TestCertificates,
        _ attributes: String,
        tokens: AccessTokens? = nil,
        _ body: @escaping @Sendable (_ url: String) async throws -> Void
    ) async throws {
        try await withTimeLimit {
            try await TaskwireServiceTests.withServer(
                on: InMemoryTaskStore(),
                listen: ["tls+tcp://127.0.0.1:0\(attributes)"]
            ) {
                $0.tokens = tokens
            } _: { server in
                try await body(server.urls[0])
            }
        }
    }

    /// Why a client does not get through to the server, or nil where it does.
    private static func refusal(
        at url: String,
        _ configuration: TaskwireClient.Configuration
    ) async throws -> TaskwireError? {
        var configuration = configuration
        configuration.connectTimeout = .seconds(1)
        configuration.defaultTimeout = .seconds(2)
        return try await withTaskwireClient(url, configuration) { client async throws in
            await TaskwireServiceTests.refusal { _ = try await client.ping() }
        }
    }

    @Test("a client talks to a server only when it believes its certificate and the name in it")
    func serverCertificates() async throws {
        try await TestCertificates.with { certificates in
            try await Self.withServer(certificates, certificates.listenerAttributes()) { url in
                #expect(try await Self.refusal(at: url, .trusting(certificates)) == nil)
                let stranger = try await Self.refusal(at: url, .trusting(certificates, authority: "other-ca"))
                #expect(stranger?.code == .permissionDenied, "\(String(describing: stranger))")
                #expect(stranger?.message.contains(url) == true)
                var nameless = TaskwireClient.Configuration.trusting(certificates)
                nameless.tls.serverName = nil
                #expect(try await Self.refusal(at: url, nameless)?.code == .permissionDenied)
                let plain = url.replacing("tls+tcp", with: "tcp")
                #expect(try await Self.refusal(at: plain, TaskwireClient.Configuration()) != nil)
            }
            try await Self.withServer(certificates, certificates.listenerAttributes("elsewhere")) {
                url async throws in
                #expect(try await Self.refusal(at: url, .trusting(certificates))?.code == .permissionDenied)
            }
        }
    }

    @Test("where clients need a certificate, those without a right one do not get in")
    func clientCertificates() async throws {
        try await TestCertificates.with { certificates in
            try await Self.withServer(certificates, certificates.listenerAttributes(clients: "ca")) { url in
                #expect(try await Self.refusal(at: url, .trusting(certificates, showing: "client")) == nil)
                let strangers: [String?] = [nil, "other-client", "server"]
                for identity in strangers {
                    let refusal = try await Self.refusal(at: url, .trusting(certificates, showing: identity))
                    #expect(refusal != nil, "\(identity ?? "none")")
                }
                // The next one is served as if nothing had been.
                #expect(try await Self.refusal(at: url, .trusting(certificates, showing: "client")) == nil)
            }
        }
    }

    @Test("each listener has authorities and an owner of its own, and a token counts more")
    func listenersOfTenants() async throws {
        try await TestCertificates.with { certificates in
            let tokens = try Tokens(for: ["carol"], in: certificates.folder)
            let listeners = [("ca", "alice"), ("other-ca", "bob")].map { authority, owner in
                "tls+tcp://127.0.0.1:0\(certificates.listenerAttributes(clients: authority)),owner=\(owner)"
            }
            let accepted = try AccessTokens(path: tokens.path)
            try await TaskwireServiceTests.withServer(on: InMemoryTaskStore(), listen: listeners) {
                $0.tokens = accepted
            } _: { server in
                let alice = TaskwireClient.Configuration.trusting(certificates, showing: "client")
                let bob = TaskwireClient.Configuration.trusting(certificates, showing: "other-client")
                var carol = alice
                carol.token = tokens["carol"]
                for (number, configuration, owner) in [
                    (0, alice, "alice"), (1, bob, "bob"), (0, carol, "carol"),
                ] {
                    try await withTaskwireClient(server.urls[number], configuration) { client async throws in
                        #expect(try await client.createTask(id: "t").owner == owner)
                    }
                }
                #expect(try await Self.refusal(at: server.urls[1], alice) != nil)
                var wrong = alice
                wrong.token = "wrong"
                let refusal = try await Self.refusal(at: server.urls[0], wrong)
                #expect(refusal?.code == .unauthenticated)
            }
        }
    }

    @Test("a connection that is lost is made again, with TLS as before")
    func connectingAgain() async throws {
        try await TestCertificates.with { certificates in
            let configuration = TaskwireClient.Configuration.trusting(certificates)
            let store = InMemoryTaskStore()
            let attributes = certificates.listenerAttributes()
            let first = try await TaskwireServiceTests.withServer(
                on: store,
                listen: ["tls+tcp://127.0.0.1:0\(attributes)"]
            ) { server in
                let client = try TaskwireClient(url: server.urls[0], configuration: configuration)
                _ = try await client.createTask(id: "t")
                return (client, server.urls[0])
            }
            let (client, url) = first
            try await TaskwireServiceTests.withServer(on: store, listen: [url + attributes]) {
                _ async throws in
                #expect(try await client.getTask("t").id == "t")
                await client.close()
            }
        }
    }

    @Test("files that cannot be used are named")
    func badFiles() async throws {
        try await TestCertificates.with { certificates in
            let empty = "\(certificates.folder)/empty.pem"
            try Data().write(to: URL(filePath: empty))
            let certificate = certificates.certificate("server")
            let key = certificates.key("server")
            let open = "\(certificates.folder)/open-key.pem"
            try FileManager.default.copyItem(atPath: key, toPath: open)
            try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: open)
            for (attributes, named) in [
                (",cert=/nowhere,key=\(key)", "/nowhere"),
                (",cert=\(empty),key=\(key)", empty),
                (",cert=\(certificate),key=\(open)", "chmod o-rwx"),
                (",cert=\(certificate),key=\(certificate)", certificate),
                (",cert=\(certificate),key=\(key),ca=\(key)", key),
                (",cert=\(certificate)", "key=FILE"),
                ("", "cert=FILE"),
            ] {
                var configuration = ServerConfiguration()
                configuration.listen = [try Listener("tls+tcp://127.0.0.1:0\(attributes)")]
                let refusal = #expect(throws: TaskwireError.self) {
                    try configuration.validate(with: TaskLimits())
                }
                #expect(refusal?.message.contains(named) == true, "\(String(describing: refusal))")
            }
        }
    }
}

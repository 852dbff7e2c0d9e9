import Subprocess
import TaskwireTestSupport

/// A server that does not run yet, and can be run again and again on the same store.
struct Stage: Sendable {
    let server: ServerProcess
    private let certificates: TestCertificates

    /// Calls `body` with a server that listens on every transport when it runs.
    static func set(
        _ store: Site.Store,
        options: [String] = [],
        _ body: @escaping @Sendable (Stage) async throws -> Void
    ) async throws {
        try await withTimeLimit(.seconds(AttackLoad.minutes * 56)) {
            try await TestCertificates.with { certificates in
                let folder = certificates.folder
                let server = try ServerProcess(
                    listeners: [
                        "ipc://\(folder)/t.sock", "tcp://127.0.0.1:0",
                        "tls+tcp://127.0.0.1:0\(certificates.listenerAttributes())",
                    ],
                    store: store == .memory ? "memory:" : "sqlite:\(folder)/tasks.db",
                    options: options
                )
                try await body(Stage(server: server, certificates: certificates))
            }
        }
    }

    /// Calls `body` while the server runs, which must then end well when it is told to.
    func run(_ body: @escaping @Sendable (Site) async throws -> Void) async throws {
        try await server.run(endedBy: .terminate) {
            try await eventually("the server listens") { server.urls.count == Transport.allCases.count }
            try await body(Site(server: server, urls: server.urls, certificates: certificates))
        }
    }
}

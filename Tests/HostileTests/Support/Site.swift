import Subprocess
import Taskwire
import TaskwireClient
import TaskwireProtobuf
import TaskwireRPC
import TaskwireTestSupport

/// Where a test takes place: a server that listens on every transport.
struct Site: Sendable {
    /// Where the server keeps its tasks.
    enum Store: Sendable {
        case memory
        case sqlite
    }

    let server: ServerProcess
    let certificates: TestCertificates
    private let urls: [Transport: String]

    /// A site of a server that runs.
    /// - Parameter urls: In the order of the transports.
    init(server: ServerProcess, urls: [String], certificates: TestCertificates) {
        self.server = server
        self.certificates = certificates
        self.urls = Dictionary(uniqueKeysWithValues: zip(Transport.allCases, urls))
    }

    /// Calls `body` while a server with further options runs, which must then end well when it is told to.
    static func run(
        _ store: Store = .memory,
        options: [String] = [],
        _ body: @escaping @Sendable (Site) async throws -> Void
    ) async throws {
        try await Stage.set(store, options: options) { try await $0.run(body) }
    }

    /// The server's address.
    func url(_ transport: Transport) -> String {
        urls[transport] ?? ""
    }

    /// A client that waits patiently.
    func client(_ transport: Transport, timeout: Duration = .seconds(120)) throws -> TaskwireClient {
        var configuration = TaskwireClient.Configuration()
        configuration.defaultTimeout = timeout
        configuration.tls.authorityFile = certificates.certificate("ca")
        configuration.tls.serverName = "localhost"
        return try TaskwireClient(url: url(transport), configuration: configuration)
    }

    /// Calls `body` with a client.
    func withClient<Output>(
        _ transport: Transport = .tcp,
        _ body: (TaskwireClient) async throws -> Output
    ) async throws -> Output {
        let client = try client(transport)
        let output = try await body(client)
        await client.close()
        return output
    }

    /// A connection whose bytes a test chooses. At the port of TLS it says nothing of TLS.
    func connect(_ transport: Transport) throws -> RawConnection {
        try RawConnection(to: url(transport), over: transport)
    }

    /// A connection whose bytes go where those of clients go: inside TLS, where there is TLS.
    func dial(_ transport: Transport) throws -> RawConnection {
        try RawConnection(to: url(transport), over: transport, isSecure: transport == .tls)
    }

    /// A connection that has said and heard what comes first.
    func connectAndGreet(_ transport: Transport) throws -> RawConnection {
        let connection = try dial(transport)
        guard try connection.greet(), try connection.readGreeting() else {
            throw RawConnection.Failure(action: "greeting", number: 0)
        }
        return connection
    }

    /// A socket for envelopes that a test makes.
    func requestSocket(_ transport: Transport) throws -> RequestSocket {
        var endpoint = Endpoint(try Address(url(transport)))
        if transport == .tls {
            endpoint.tls = try .client(
                serverName: "localhost",
                authorities: try PEMFile(certificatesAt: certificates.certificate("ca")),
                identity: nil
            )
        }
        return RequestSocket(configuration: RequestSocket.Configuration(endpoints: [endpoint]))
    }

    /// What the server counts.
    func stats() async throws -> ServerStats {
        try await withClient { try await $0.serverStats() }
    }

    /// Returns once so many calls wait at the server.
    func untilWaiting(_ count: UInt64) async throws {
        try await withClient { client in
            try await eventually("\(count) calls wait") { try await client.serverStats().waits == count }
        }
    }

    /// The memory of the server.
    var memory: ServerMemory {
        get throws { try ServerMemory(of: server) }
    }
}

import Foundation
import Subprocess
import Synchronization
import SystemPackage
import TaskwireRPC
import TaskwireTestSupport
import Testing

/// Programs that use nng's own sockets, `stock-peer` and its library, at the other end.
@Suite("Peers with nng's own sockets", .timeLimit(.minutes(5)))
struct StockPeerTests {
    static let schemes = ["ipc", "abstract", "tcp", "tls"]

    /// Where to listen, and what each end needs to know for that.
    private struct Place {
        var address: Address
        var serverTLS: TLSCredentials?
        var clientTLS: TLSCredentials?
        /// Options of `stock-peer req`.
        var requesterOptions: [String] = []
        /// Options of `stock-peer rep`.
        var replierOptions: [String] = []
    }

    private func withPlace(
        _ scheme: String,
        _ body: @escaping @Sendable (Place) async throws -> Void
    ) async throws {
        switch scheme {
        case "ipc":
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            try await body(Place(address: try folder.address()))
        case "abstract":
            try await body(Place(address: try uniqueAbstractAddress()))
        case "tcp":
            try await body(Place(address: try Address("tcp://127.0.0.1:0")))
        default:
            try await TestCertificates.with { certificates in
                let authority = certificates.certificate("ca")
                let server = certificates.certificate("server")
                let place = Place(
                    address: try Address("tls+tcp://127.0.0.1:0"),
                    serverTLS: try .server(
                        certificate: try PEMFile(certificatesAt: server),
                        key: try PEMFile(keyAt: certificates.key("server")),
                        authorities: nil
                    ),
                    clientTLS: try .client(
                        serverName: "localhost",
                        authorities: try PEMFile(certificatesAt: authority),
                        identity: nil
                    ),
                    requesterOptions: ["--ca", authority, "--server-name", "localhost"],
                    replierOptions: ["--cert", server, "--key", certificates.key("server")]
                )
                try await body(place)
            }
        }
    }

    /// Sends lines of hexadecimal bytes to a REP socket, and returns the lines of its replies.
    private func request(_ lines: [String], _ address: Address, _ options: [String]) async throws -> [String]
    {
        let result = try await Subprocess.run(
            .path(FilePath(try builtProgram("stock-peer"))),
            arguments: Arguments(["req", address.description, "--timeout-ms", "120000"] + options),
            input: .string(lines.map { "\($0)\n" }.joined()),
            output: .string(limit: 16 << 20),
            error: .string(limit: 1 << 16)
        )
        guard case .exited(0) = result.terminationStatus else { throw TestFailure(result.standardError) }
        return result.standardOutput.split(separator: "\n").map(String.init)
    }

    /// Runs a REP socket that echoes, and `body` meanwhile with its address.
    private func withReplier(
        _ address: Address,
        _ options: [String],
        _ body: @escaping @Sendable (Address) async throws -> Void
    ) async throws {
        let result = try await Subprocess.run(
            .path(FilePath(try builtProgram("stock-peer"))),
            arguments: Arguments(["rep", address.description, "--timeout-ms", "0"] + options),
            input: .none,
            output: .discarded,
            error: .sequence
        ) { execution in
            let bound = OneOf<Address>()
            let work = Task {
                let outcome: Result<Void, any Error>
                do { outcome = .success(try await body(try await bound.value)) } catch {
                    outcome = .failure(error)
                }
                try execution.send(signal: .terminate)
                return outcome
            }
            var text = ""
            for try await buffer in execution.standardError {
                text += buffer.bytes.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
                if let line = text.split(separator: "\n").first, text.contains("\n"),
                    let range = line.firstRange(of: "listening at ")
                {
                    bound.set(try Address(String(line[range.upperBound...])))
                }
            }
            return try await work.value
        }
        try result.closureResult.get()
        #expect(result.terminationStatus == .exited(0))
    }

    @Test(arguments: schemes)
    func `a stock REQ socket is served`(scheme: String) async throws {
        try await withPlace(scheme) { place in
            let server = ReplySocket()
            var options = ListenerOptions()
            options.tls = place.serverTLS
            let address = try await server.listen(on: place.address, options: options)
            let serving = Task.immediate { await server.run(RequestHandlers { .reply($0.message) }) }
            // As large as a message may be, too.
            let large = String(repeating: "5a", count: 4 << 20)
            let replies = try await request(["00ff10", "0102", large], address, place.requesterOptions)
            #expect(replies == ["00ff10", "0102", large])
            await server.stop(grace: .zero)
            await serving.value
        }
    }

    @Test(arguments: schemes)
    func `a stock REP socket answers our client`(scheme: String) async throws {
        try await withPlace(scheme) { place in
            try await withReplier(place.address, place.replierOptions + ["--prefix", "21"]) { address in
                var endpoint = Endpoint(address)
                endpoint.tls = place.clientTLS
                let client = RequestSocket(configuration: RequestSocket.Configuration(endpoints: [endpoint]))
                try await withThrowingTaskGroup { group in
                    for number in 0..<32 {
                        group.addTask {
                            let reply = try await client.call("\(number)")
                            #expect(reply == "!\(number)")
                        }
                    }
                    try await group.waitForAll()
                }
                await client.close()
            }
        }
    }

    /// As behind an nng device: the words before the number come back as they were.
    @Test
    func `requests that passed devices find their way back`() async throws {
        let server = try await TestServer(on: uniqueAbstractAddress())
        let lines = [
            "80000001 68656c6c6f", "00000001 00000002 80000003 68656c6c6f",
            "00000001 00000002 00000003 00000004 00000005 00000006 00000007 ffffffff 21",
        ]
        #expect(try await request(lines, server.address, ["--raw"]) == lines)
        try await server.stop()
    }

    /// The number of a request is each peer's own choice; all other bytes are the same.
    @Test(arguments: ["ipc", "tcp"])
    func `our bytes are those of nng`(scheme: String) async throws {
        try await withPlace(scheme) { place in
            let prefix = scheme == "ipc" ? 1 : 0
            let byteCount = 8 + prefix + 8 + 4 + 3
            let sent = Mutex<[[UInt8]]>([])
            let listener = try RawListener(on: place.address) { connection in
                connection.write(replierGreeting)
                guard var bytes = connection.read(byteCount) else { return nil }
                connection.write(Array(bytes.dropFirst(8)))
                bytes.replaceSubrange(8 + prefix + 8..<8 + prefix + 12, with: [0, 0, 0, 0])
                sent.withLock { $0.append(bytes) }
                return connection
            }
            #expect(try await request(["616263"], listener.address, []) == ["616263"])
            let client = try makeClient(listener.address)
            #expect(try await client.call("abc") == "abc")
            await client.close()
            listener.stop()
            let requests = sent.withLock(\.self)
            #expect(requests.count == 2 && requests[0] == requests[1], "\(requests)")
        }
        let question: [UInt8] =
            requesterGreeting + [0, 0, 0, 0, 0, 0, 0, 11, 0, 0, 0, 7, 0x80, 0, 0, 9, 1, 2, 3]
        let replies = Mutex<[[UInt8]]>([])
        let ask = { @Sendable (address: Address) in
            let connection = try RawSocket(connectingTo: address)
            let isIPC = scheme == "ipc"
            connection.write(isIPC ? requesterGreeting + [1] + question.dropFirst(8) : question)
            let reply = connection.read(question.count + (isIPC ? 1 : 0))
            replies.withLock { $0.append(reply ?? []) }
        }
        try await withPlace(scheme) { place in
            let server = try await TestServer(on: place.address)
            try ask(server.address)
            try await server.stop()
        }
        try await withPlace(scheme) { place in
            try await withReplier(place.address, []) { try ask($0) }
        }
        let (ours, stock) = replies.withLock { ($0[0], $0[1]) }
        #expect(!ours.isEmpty && ours == stock)
    }
}

/// A value that is set once, and waited for.
private final class OneOf<Value: Sendable>: Sendable {
    private let stream = AsyncStream<Value>.makeStream()

    func set(_ value: Value) {
        stream.continuation.yield(value)
        stream.continuation.finish()
    }

    var value: Value {
        get async throws {
            for await value in stream.stream { return value }
            throw TestFailure("no value came")
        }
    }
}

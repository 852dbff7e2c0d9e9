import Taskwire
import TaskwireProtobuf
import TaskwireRPC
import TaskwireServer

/// Speaks the envelope by hand, to say what the client library would not.
struct RawClient: Sendable {
    let socket: RequestSocket

    init(url: String) throws {
        socket = RequestSocket(configuration: RequestSocket.Configuration(address: try Address(url)))
    }

    func send(bytes: [UInt8]) async throws -> RPCResponse {
        let message = try Message(size: bytes.count)
        message.withUnsafeMutableBytes { $0.copyBytes(from: bytes) }
        let response = try await socket.exchange(message, deadline: .now.advanced(by: .seconds(20)))
        return try response.withUnsafeBytes { try RPCResponse(wire: $0, arena: Arena()) }
    }

    func send(_ request: RPCRequest) async throws -> RPCResponse {
        try await send(bytes: try request.encoded())
    }

    /// The error of a reply, or `nil` where it succeeded.
    func refusal(of call: RPCCall) async throws -> TaskwireError? {
        guard case .reply(.failure(let error)) = try await send(.call(call)) else { return nil }
        return error
    }

    static func call(
        _ method: String,
        _ body: some WireEncodable,
        requestID: RequestID? = .random()
    ) -> RPCCall {
        RPCCall(method: "taskwire.v1.\(method)", body: .value(body), requestID: requestID)
    }
}

/// Runs `body` with a server on an abstract socket and a client that speaks the envelope by hand.
func withRawClient(
    limits: ServerLimits = ServerLimits(),
    _ body: @escaping @Sendable (RawClient, InMemoryTaskStore) async throws -> Void
) async throws {
    let store = InMemoryTaskStore(limits: .fitting(limits))
    try await withServer(on: store, listen: ["abstract://\(generateTaskID())"], limits: limits) { server in
        let client = try RawClient(url: server.urls[0])
        try await body(client, store)
        await client.socket.close()
    }
}

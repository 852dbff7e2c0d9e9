import TaskwireProtobuf
import TaskwireRPC

extension RequestSocket {
    /// Sends a content and returns the answer.
    func response(to bytes: [UInt8]) async throws -> RPCResponse {
        let message = try Message(size: bytes.count)
        message.withUnsafeMutableBytes { $0.copyBytes(from: bytes) }
        let response = try await exchange(message, deadline: .now.advanced(by: .seconds(120)))
        return try response.withUnsafeBytes { try RPCResponse(wire: $0, arena: Arena()) }
    }

    /// Makes a call, and throws its refusal.
    func reply<Reply: WireDecodable>(to call: RPCCall, as type: Reply.Type) async throws -> Reply {
        guard case .reply(let reply) = try await response(to: RPCRequest.call(call).encoded()) else {
            throw RawConnection.Failure(action: "a batch", number: 0)
        }
        return try reply.decoded(arena: Arena())
    }
}

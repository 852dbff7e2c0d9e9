import Taskwire
import TaskwireProtobuf

extension RawConnection {
    /// Sends a call without waiting for its reply.
    func send(_ call: RPCCall, number: UInt32) throws {
        guard try write(framing.message(try RPCRequest.call(call).encoded(), number: number)) else {
            throw Failure(action: "sending \(call.method)", number: 0)
        }
    }

    /// Reads the reply to some call; nil when the connection has ended.
    func readCallReply() throws -> (number: UInt32, reply: RPCReply)? {
        guard let (number, content) = try readReply() else { return nil }
        let response = try content.withUnsafeBytes { try RPCResponse(wire: $0, arena: Arena()) }
        guard case .reply(let reply) = response else { throw Failure(action: "a batch", number: 0) }
        return (number, reply)
    }

    /// Whether the server answers on this connection.
    func ping(_ number: UInt32) throws -> Bool {
        try send(RPCCall("ServerService/Ping", EmptyRequest()), number: number)
        guard let (replyNumber, reply) = try readCallReply() else { return false }
        _ = try reply.decoded(as: PingReply.self, arena: Arena())
        return replyNumber == number
    }

    /// Whether the server answers on this connection, if only by a refusal.
    func isAnswered(_ number: UInt32) throws -> Bool {
        let call = try RPCRequest.call(RPCCall("ServerService/Ping", EmptyRequest())).encoded()
        return try write(framing.message(call, number: number)) && readCallReply()?.number == number
    }
}

extension RPCCall {
    /// A call that may take long, of a method without its package.
    init(_ method: String, _ body: some WireEncodable) {
        self.init(
            method: "taskwire.v1.\(method)",
            body: .value(body),
            requestID: .random(),
            timeoutMilliseconds: 240_000
        )
    }
}

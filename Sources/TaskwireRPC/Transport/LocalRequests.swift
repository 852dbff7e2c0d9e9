internal import Synchronization

/// Hands requests to a service without a connection, as programs do that count what a call costs.
package final class LocalRequests: Sendable {
    private let connection: Connection
    private let outlet = LocalOutlet()

    /// Requests as of the client of `connection`.
    package init(on connection: Connection) {
        self.connection = connection
    }

    /// Has the service serve one request.
    /// - Returns: The bytes of its reply; nil where it is not answered at once.
    package func reply(to request: [UInt8], by service: some RequestService) -> [UInt8]? {
        let header = SPHeader(requestID: SPProtocol.requestBit)
        unsafe request.withUnsafeBytes { bytes in
            var requests = unsafe IncomingRequests(
                [.message(header, body: 0..<bytes.count)],
                in: SPInput(bytes: bytes, countedByteCount: 0),
                on: connection,
                to: outlet,
                // Nobody else waits meanwhile.
                postponedAt: .now
            )
            service.serve(&requests)
            requests.end()
        }
        return outlet.take(behind: header)
    }
}

private final class LocalOutlet: ReplyOutlet {
    private let reply = Mutex<[UInt8]?>(nil)

    var framing: SPProtocol.Framing { .ipc }
    var maximumMessageSize: Int { Message.maximumSize }

    func take(behind header: SPHeader) -> [UInt8]? {
        let frame = reply.withLock { $0.take() }
        return frame.map { Array($0.dropFirst(SPFrameWriter(framing: framing).headByteCount(header))) }
    }

    func send(_ replies: inout ByteBuffer, endingCalls callCount: Int) {
        let bytes = unsafe [UInt8](replies.bytes)
        replies.remove(replies.count)
        reply.withLock { $0 = bytes }
    }

    func serve(_ body: () -> Void) { body() }

    func finish(_ header: SPHeader, with answer: RequestAnswer) {
        guard case .reply(let message?) = answer else { return }
        let head = [UInt8](repeating: 0, count: SPFrameWriter(framing: framing).headByteCount(header))
        let bytes = unsafe message.withUnsafeBytes { unsafe head + $0 }
        reply.withLock { $0 = bytes }
    }

    func answer(_ header: SPHeader, _ answer: @escaping @Sendable () async -> RequestAnswer) {
        Task.immediate { self.finish(header, with: await answer()) }
    }
}

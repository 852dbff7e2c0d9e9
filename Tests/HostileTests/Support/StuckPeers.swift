import Taskwire
import TaskwireClient
import TaskwireProtobuf
import TaskwireTestSupport

/// Connections that stop in the middle of something and stay open: in a handshake, a hello, a message, a wait, or before
/// replies that nobody reads.
struct StuckPeers: Sendable {
    private static let resultByteCount = 256 << 10
    /// More replies than sockets and the server hold for a peer.
    private static let unreadCount = 100

    private let connections: [RawConnection]

    /// Connects over every transport.
    init(at site: Site) async throws {
        let (ended, open) = try await site.withClient { client in
            let ended = try await client.createTask().id
            let result = Payload(data: [UInt8](repeating: 7, count: Self.resultByteCount))
            _ = try await client.completeTask(ended, result: result)
            return (ended, try await client.createTask().id)
        }
        let get = RPCCall("TaskService/GetTask", GetTaskRequest(taskID: ended, view: .full))
        let wait = RPCCall("TaskService/AwaitResult", AwaitResultRequest(taskID: open))
        connections = try await onThread {
            var connections: [RawConnection] = []
            for transport in Transport.allCases {
                let header = Framing(transport).header(1 << 20)
                let beginnings = [
                    [], Array(Framing.greeting.prefix(5)), Framing.greeting,
                    Framing.greeting + header.prefix(5),
                    Framing.greeting + header + [0x80, 0, 0, 1, 7],
                ]
                for beginning in beginnings {
                    let connection = try site.dial(transport)
                    try connection.write(beginning)
                    connections.append(connection)
                }
                for (call, count) in [(get, Self.unreadCount), (wait, 10)] {
                    let connection = try site.connectAndGreet(transport)
                    for number in 0..<count { try connection.send(call, number: UInt32(number)) }
                    connections.append(connection)
                }
            }
            let session = TLSSession()
            _ = session.advance()
            let hello = session.takeOutput()
            for beginning in [[], Array(hello.prefix(hello.count / 2)), hello] {
                let connection = try site.connect(.tls)
                try connection.write(beginning)
                connections.append(connection)
            }
            return connections
        }
    }
}

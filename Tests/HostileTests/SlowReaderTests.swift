import Taskwire
import TaskwireClient
import TaskwireProtobuf
import TaskwireRPC
import TaskwireTestSupport
import Testing

extension HostileTests {
    @Suite("Readers that do not read")
    struct SlowReaderTests {
        private static let maxBytesInProgress = 16 << 20
        private static let resultByteCount = 1 << 20

        /// They may have their share of the memory for replies until they are disconnected, and others have the rest.
        @Test
        func othersAreServed() async throws {
            let options = ["--max-bytes-in-progress", "\(Self.maxBytesInProgress)"]
            try await Site.run(options: options) { site in
                let taskID = try await Self.makeLargeTask(at: site)
                let before = try site.memory.current
                let readers = try await onThread {
                    let readers = try [Transport.ipc, .tcp].map { try site.connectAndGreet($0) }
                    let call = RPCCall("TaskService/GetTask", GetTaskRequest(taskID: taskID, view: .full))
                    for reader in readers {
                        for number in 0..<100 { try reader.send(call, number: UInt32(number)) }
                    }
                    return readers
                }
                let socket = try site.requestSocket(.tcp)
                var count = 0
                try await eventually("the readers are disconnected") {
                    let call = RPCCall("ServerService/GetStats", EmptyRequest())
                    guard
                        case .reply(let reply) = try await socket.response(
                            to: RPCRequest.call(call).encoded()
                        )
                    else { return false }
                    count += 1
                    // A refusal is thrown.
                    return try reply.decoded(as: ServerStats.self, arena: Arena()).connections == 1
                }
                await socket.close()
                let peak = try site.memory.peak
                print("\(count) calls of others; \(before >> 20) MiB before, \(peak >> 20) at most")
                #expect(peak - before < Self.maxBytesInProgress + 64 << 20)
                withExtendedLifetime(readers) {}
                try await GoodClients.work(at: site) {}
            }
        }

        private static func makeLargeTask(at site: Site) async throws -> String {
            try await site.withClient { client in
                let task = try await client.createTask()
                let result = Payload(data: [UInt8](repeating: 7, count: resultByteCount))
                return try await client.completeTask(task.id, result: result).id
            }
        }
    }
}

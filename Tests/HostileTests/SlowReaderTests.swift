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
        /// Enough to fill all memory that there may be many times.
        private static let callCount = 200
        /// For tasks that are being read and what the allocator keeps.
        private static let allowance = 96 << 20

        /// They may have their share of the memory for replies until they are disconnected, and others have the rest.
        /// The tasks are in a file, so that many calls are under way before the first has its reply.
        @Test(arguments: [false, true])
        func othersAreServed(_ isInBatches: Bool) async throws {
            let options = ["--max-bytes-in-progress", "\(Self.maxBytesInProgress)"]
            try await Site.run(.sqlite, options: options) { site in
                let taskID = try await Self.makeLargeTask(at: site)
                let call = RPCCall("TaskService/GetTask", GetTaskRequest(taskID: taskID, view: .full))
                let request: RPCRequest = isInBatches ? .batch([.success(call)]) : .call(call)
                let before = try site.memory
                let readers = try await onThread {
                    let readers = try [Transport.ipc, .tcp].map { try site.connectAndGreet($0) }
                    let content = try request.encoded()
                    for reader in readers {
                        for number in 0..<Self.callCount {
                            try reader.write(reader.framing.message(content, number: UInt32(number)))
                        }
                    }
                    return readers
                }
                let socket = try site.requestSocket(.tcp)
                let stats = RPCCall("ServerService/GetStats", EmptyRequest())
                var count = 0
                try await eventually("the readers are disconnected") {
                    _ = try await socket.reply(to: call, as: TaskReply.self)
                    count += 1
                    return try await socket.reply(to: stats, as: ServerStats.self).connections == 1
                }
                await socket.close()
                #expect(count > 1)
                let memory = try site.memory
                #expect(
                    memory.isWithin(Self.maxBytesInProgress + Self.allowance, of: before),
                    "\(before.current), \(memory.peak)"
                )
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

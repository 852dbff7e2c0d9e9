import Taskwire
import TaskwireClient
import TaskwireProtobuf
import TaskwireTestSupport
import Testing

extension HostileTests {
    @Suite("Calls that wait")
    struct WaitTests {
        private static let longWaits = ["--max-wait", "270s"]

        private static func awaitResult(_ taskID: String) -> RPCCall {
            RPCCall("TaskService/AwaitResult", AwaitResultRequest(taskID: taskID))
        }

        @Test
        func endWithTheirConnection() async throws {
            try await Site.run(options: Self.longWaits) { site in
                let taskID = try await site.withClient { try await $0.createTask().id }
                let count = 100
                for (transport, isAbrupt) in [(Transport.ipc, false), (.tcp, false), (.tcp, true)] {
                    var connection: RawConnection? = try await onThread {
                        let connection = try site.connectAndGreet(transport)
                        let call = Self.awaitResult(taskID)
                        for number in 0..<count { try connection.send(call, number: UInt32(number)) }
                        return connection
                    }
                    try await site.untilWaiting(UInt64(count))
                    if isAbrupt { connection?.endAbruptly() }
                    connection = nil
                    try await site.untilWaiting(0)
                }
                let client = try site.client(.tls)
                let waits = (0..<count).map { _ in Task { try await client.waitForResult(taskID) } }
                try await site.untilWaiting(UInt64(count))
                await client.close()
                try await site.untilWaiting(0)
                for wait in waits { _ = await wait.result }
            }
        }

        @Test
        func tenThousandLeaveRoomForOthers() async throws {
            try await Site.run(options: Self.longWaits) { site in
                try await site.withClient { client in
                    let taskID = try await client.createTask().id
                    let transports: [Transport] = [.ipc, .tcp, .tcp, .ipc, .tcp]
                    let count = 2000
                    let connections = try await onThread {
                        try transports.map { transport in
                            let connection = try site.connectAndGreet(transport)
                            let call = Self.awaitResult(taskID)
                            for number in 0..<count { try connection.send(call, number: UInt32(number)) }
                            return connection
                        }
                    }
                    try await site.untilWaiting(UInt64(transports.count * count))
                    try await GoodClients.work(at: site) {
                        for number in 0..<100 {
                            let task = try await client.createTask(request: .sample("\(number)"))
                            #expect(
                                try await client.getTask(task.id, view: .full)
                                    == task.with(.sample("\(number)"))
                            )
                        }
                    }
                    #expect(try await client.serverStats().waits == UInt64(transports.count * count))
                    _ = try await client.completeTask(taskID, result: .sample("over"))
                    try await onThread {
                        for connection in connections {
                            var numbers: Set<UInt32> = []
                            while numbers.count < count {
                                let (number, reply) = try #require(try connection.readCallReply())
                                let outcome = try reply.decoded(as: TaskOutcome.self, arena: Arena())
                                try #require(outcome.result == .sample("over"))
                                try #require(numbers.insert(number).inserted)
                            }
                        }
                    }
                    #expect(try await client.serverStats().waits == 0)
                }
            }
        }
    }
}

extension TaskState {
    /// The same with its request.
    fileprivate func with(_ request: Payload) -> TaskState {
        var task = self
        task.request = request
        return task
    }
}

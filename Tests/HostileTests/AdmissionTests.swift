import Taskwire
import TaskwireClient
import TaskwireProtobuf
import TaskwireTestSupport
import Testing

extension HostileTests {
    @Suite("More calls than may be")
    struct AdmissionTests {
        /// What is let in is carried out, what is not is refused at once and leaves nothing behind.
        @Test
        func areRefused() async throws {
            try await Site.run(.sqlite, options: ["--max-calls-in-progress", "4"]) { site in
                let count = 1000
                let (created, refused) = try await onThread {
                    let connection = try site.connectAndGreet(.tcp)
                    for number in 0..<count {
                        let request = CreateTaskRequest(taskID: "t\(number)", request: .sample("\(number)"))
                        let call = RPCCall("TaskService/CreateTask", request)
                        try connection.send(call, number: UInt32(number))
                    }
                    var created: Set<String> = []
                    var refused: Set<String> = []
                    for _ in 0..<count {
                        let (number, reply) = try #require(try connection.readCallReply())
                        switch reply {
                        case .failure(let error):
                            #expect(error.code == .resourceExhausted)
                            #expect(error.reason == .tooManyRequests)
                            #expect((error.retryAfter ?? .zero) > .zero)
                            refused.insert("t\(number)")
                        case .success:
                            let task = try reply.decoded(as: TaskReply.self, arena: Arena()).task
                            #expect(task.id == "t\(number)")
                            created.insert(task.id)
                        }
                    }
                    return (created, refused)
                }
                print("\(created.count) created, \(refused.count) refused")
                #expect(created.count + refused.count == count)
                #expect(created.count >= 4)
                #expect(!refused.isEmpty)
                try await site.withClient { client in
                    var listed: Set<String> = []
                    var request = ListTasksRequest(pageSize: 1000)
                    repeat {
                        let page = try await client.listTasks(request)
                        listed.formUnion(page.tasks.map(\.id))
                        request.cursor = page.nextCursor
                    } while !request.cursor.isEmpty
                    #expect(listed == created)
                }
                // Clients come again by themselves until they are let in.
                try await GoodClients.work(at: site) {}
            }
        }
    }
}

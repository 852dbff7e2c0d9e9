import Taskwire
import TaskwireProtobuf
import Testing

/// A value with a NUL byte in one of its strings.
struct NULCase: Sendable, CustomTestStringConvertible {
    let field: String
    let write: @Sendable () throws -> [UInt8]

    init(_ field: String, _ value: some WireEncodable) {
        self.field = field
        write = { try value.encoded() }
    }

    var testDescription: String { field }
}

private func task(_ change: (inout TaskState) -> Void) -> TaskState {
    var task = Samples.task
    change(&task)
    return task
}

private func call(_ change: (inout RPCCall) -> Void) -> RPCRequest {
    var call = RPCCall(method: "m", body: .encoded([]))
    change(&call)
    return .call(call)
}

@Suite struct NULTests {
    @Test(
        "a string is never cut short",
        arguments: [
            NULCase("task_id", CreateTaskRequest(taskID: "a\0")),
            NULCase("labels[0].key", CreateTaskRequest(labels: ["\0": ""])),
            NULCase("labels[0].value", ListTasksRequest(labels: ["k": "\0v"])),
            NULCase("cursor", ListTasksRequest(cursor: "\0")),
            NULCase(
                "request.content_type",
                CreateTaskRequest(request: Payload(data: [], contentType: "a\0b"))
            ),
            NULCase("error.message", FailTaskRequest(taskID: "t", error: TaskError(message: "a\0b"))),
            NULCase("worker", ClaimTaskRequest(taskID: "t", worker: "\0")),
            NULCase("key", AwaitInputRequest(taskID: "t", key: "k\0")),
            NULCase(
                "responses[0].key",
                ProvideInputRequest(taskID: "t", responses: ["\0": Samples.payload])
            ),
            NULCase("accepted[1]", InputReceipt(task: Samples.task, acceptedKeys: ["a", "\0"])),
            NULCase("task.owner", TaskReply(task: task { $0.owner = "\0" })),
            NULCase(
                "task.status_message",
                TaskReply(task: task { $0.statusMessage = "long enough for heap\0" })
            ),
            NULCase("task.lease.worker", TaskReply(task: task { $0.lease?.worker = "\0" })),
            NULCase("task.input_requests[0].key", TaskReply(task: task { $0.inputRequests[0].key = "\0" })),
            NULCase("tasks[1].id", TaskPage(tasks: [Samples.task, task { $0.id = "\0" }])),
            NULCase(
                "features[1]",
                ServerInfo(
                    version: "",
                    storage: "",
                    features: ["", "\0"],
                    limits: ServerLimits(),
                    taskLimits: TaskLimits()
                )
            ),
            NULCase("reason", TaskwireError(.internal, .init(rawValue: "\0"), "")),
            NULCase("call.token", call { $0.token = "\0" }),
            NULCase("call.metadata[0].value", call { $0.metadata = ["k": "\0"] }),
            NULCase("call.task_id", call { $0.body = .value(GetTaskRequest(taskID: "\0")) }),
        ]
    )
    func refused(_ value: NULCase) {
        #expect(throws: TaskwireError.invalidField("\(value.field): contains a NUL byte")) {
            try value.write()
        }
    }

    @Test func bytesMayContainNUL() throws {
        let payload = Payload(data: [0, 1, 0])
        #expect(try Payload(wire: payload.encoded()) == payload)
    }
}

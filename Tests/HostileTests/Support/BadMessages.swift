import Taskwire
import TaskwireProtobuf
import TaskwireTestSupport

/// Contents of messages that are not what a client would send, the same ones for the same seed.
struct BadMessages {
    var generator: SeededGenerator

    /// Good ones, to begin with. None waits, and none is about a task of somebody else.
    private let models: [[UInt8]]

    /// Bad contents that follow from a seed.
    init(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let calls = Self.calls(using: &generator)
        models =
            try calls.map { try RPCRequest.call($0).encoded() }
            + [try RPCRequest.batch(calls.map { .success($0) }).encoded()]
        self.generator = generator
    }

    /// The next content: a good one changed in a few places, cut short or put together with another, or noise.
    mutating func next() -> [UInt8] {
        let model = models[Int.random(in: models.indices, using: &generator)]
        switch Int.random(in: 0..<10, using: &generator) {
        case 0: return noise(upTo: 300)
        case 1: return Array(model.prefix(Int.random(in: 0..<model.count, using: &generator)))
        case 2: return model + models[Int.random(in: models.indices, using: &generator)]
        case 3: return model + noise(upTo: 20)
        default:
            var bytes = model
            bytes.mutate(using: &generator)
            return bytes
        }
    }

    /// So many random bytes at most.
    mutating func noise(upTo count: Int) -> [UInt8] {
        (0..<Int.random(in: 0...count, using: &generator)).map { _ in
            UInt8.random(in: .min ... .max, using: &generator)
        }
    }

    private static func calls(using generator: inout SeededGenerator) -> [RPCCall] {
        let taskID = "bad"
        let payload = Payload.sample("bad")
        let bodies: [(String, any WireEncodable)] = [
            (
                "TaskService/CreateTask",
                CreateTaskRequest(taskID: taskID, labels: ["a": "b"], request: payload)
            ),
            ("TaskService/GetTask", GetTaskRequest(taskID: taskID, view: .full)),
            ("TaskService/UpdateTask", UpdateTaskRequest(taskID: taskID, progress: TaskProgress(current: 1))),
            ("TaskService/StoreResult", StoreResultRequest(taskID: taskID, result: payload)),
            ("TaskService/ListTasks", ListTasksRequest(labels: ["a": "b"])),
            ("TaskService/ClaimTask", ClaimTaskRequest(taskID: taskID, worker: "bad")),
            ("TaskService/CancelTask", CancelTaskRequest(taskID: taskID)),
            ("TaskService/DequeueMessage", DequeueMessageRequest(taskID: taskID)),
            ("ServerService/Ping", EmptyRequest()),
        ]
        return bodies.map { method, body in
            RPCCall(
                method: "taskwire.v1.\(method)",
                body: .value(body),
                requestID: RequestID(high: generator.next(), low: generator.next()),
                timeoutMilliseconds: 30_000,
                metadata: ["traceparent": "00-ab-cd-01"]
            )
        }
    }
}

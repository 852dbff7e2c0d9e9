import Taskwire
import TaskwireProtobuf
import TaskwireTestSupport
import Testing

/// Bytes that are no request of a method, and the refusal.
struct BadBody: Sendable, CustomTestStringConvertible {
    let method: String
    let bytes: [UInt8]
    let error: TaskwireError

    init(_ method: String, _ bytes: [UInt8], _ error: TaskwireError) {
        self.method = method
        self.bytes = bytes
        self.error = error
    }

    var testDescription: String { "\(method) \(error.message)" }
}

private let nine: [UInt8] = Array(repeating: 0xff, count: 9)
private let emptyMap = Wire.field(4, [])

private let badFraming = [
    BadBody("CreateTask", [0x80], .malformed("CreateTaskRequest: truncated")),
    BadBody("CreateTask", [0x0a], .malformed("task_id: truncated")),
    BadBody("CreateTask", [0x0a, 2, 0x61], .malformed("task_id: truncated")),
    BadBody("CreateTask", [0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f], .malformed("task_id: truncated")),
    BadBody("CreateTask", [0x0a, 0x80, 0x80, 0x80, 0x80, 0x80, 0], .malformed("task_id: malformed varint")),
    BadBody(
        "CreateTask",
        [0x80, 0x80, 0x80, 0x80, 0x80, 1],
        .malformed("CreateTaskRequest: malformed varint")
    ),
    BadBody("CreateTask", [0x02, 0], .malformed("CreateTaskRequest: malformed tag")),
    BadBody("CreateTask", [0xff, 0xff, 0xff, 0xff, 0x1f], .malformed("CreateTaskRequest: malformed tag")),
    BadBody("CreateTask", [0x0b], .malformed("CreateTaskRequest: groups are not supported")),
    BadBody("CreateTask", [0xa4, 0x06], .malformed("CreateTaskRequest: groups are not supported")),
    BadBody("CreateTask", [0x0e], .malformed("CreateTaskRequest: unknown wire type 6")),
    BadBody("CreateTask", [0x0f], .malformed("CreateTaskRequest: unknown wire type 7")),
    BadBody("CreateTask", [0xa2, 0x06, 1], .malformed("CreateTaskRequest: truncated")),
    BadBody("CreateTask", [0xa1, 0x06, 1], .malformed("CreateTaskRequest: truncated")),
    BadBody("CreateTask", [0xa5, 0x06, 1], .malformed("CreateTaskRequest: truncated")),
    BadBody("CreateTask", [0x10, 0x80], .malformed("ttl_ms: truncated")),
    BadBody("CreateTask", [0x10] + nine + [0x02], .malformed("ttl_ms: malformed varint")),
    BadBody("CreateTask", [0x10] + nine + [0xff, 0x01], .malformed("ttl_ms: malformed varint")),
    BadBody("CreateTask", Wire.field(5, [0x0a, 9]), .malformed("request.content_type: truncated")),
    BadBody("CreateTask", Wire.field(5, [0x80]), .malformed("request: truncated")),
    BadBody("CreateTask", emptyMap + [0x22, 5], .malformed("labels[1]: truncated")),
    BadBody("UpdateTask", Wire.field(7, [0x09, 0, 0]), .malformed("progress.current: truncated")),
    BadBody("ListTasks", [0x1a, 2, 1], .malformed("statuses: truncated")),
    BadBody("ListTasks", [0x1a, 2, 1, 0x80], .malformed("statuses[1]: truncated")),
    BadBody("ListTasks", [0x18], .malformed("statuses[0]: truncated")),
]

private let wrongWireTypes = [
    BadBody("CreateTask", [0x08, 1], .malformed("task_id: has wire type 0 instead of 2")),
    BadBody("CreateTask", Wire.field(2, []), .malformed("ttl_ms: has wire type 2 instead of 0")),
    BadBody("CreateTask", Wire.number(5, 0), .malformed("request: has wire type 0 instead of 2")),
    BadBody(
        "CreateTask",
        emptyMap + emptyMap + [0x20, 0],
        .malformed("labels[2]: has wire type 0 instead of 2")
    ),
    BadBody("GetTask", Wire.field(2, []), .malformed("view: has wire type 2 instead of 0")),
    BadBody("UpdateTask", [0x10, 0], .malformed("lease_token: has wire type 0 instead of 2")),
    BadBody(
        "UpdateTask",
        Wire.field(7, Wire.number(1, 1)),
        .malformed("progress.current: has wire type 0 instead of 1")
    ),
    BadBody("ListTasks", [0x1d, 0, 0, 0, 0], .malformed("statuses[0]: has wire type 5 instead of 0")),
]

private let badText =
    [
        [0xff], [0xc0, 0x80], [0xe2, 0x82], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0x61, 0x80],
        Array("a long text of ASCII and then ".utf8) + [0xc3],
    ].map { BadBody("GetTask", Wire.field(1, $0), .invalidField("task_id: is not UTF-8")) } + [
        BadBody("GetTask", Wire.field(1, [0]), .invalidField("task_id: contains a NUL byte")),
        BadBody(
            "GetTask",
            Wire.text(1, "a long enough task id\0"),
            .invalidField("task_id: contains a NUL byte")
        ),
        BadBody("CreateTask", Wire.text(7, "\0"), .invalidField("status_message: contains a NUL byte")),
        BadBody(
            "CreateTask",
            emptyMap + emptyMap + Wire.field(4, Wire.field(2, [0xff])),
            .invalidField("labels[2].value: is not UTF-8")
        ),
        BadBody(
            "CreateTask",
            Wire.text(1, "t") + emptyMap + Wire.field(99, [0xff]) + Wire.field(4, Wire.text(1, "\0")),
            .invalidField("labels[1].key: contains a NUL byte")
        ),
        BadBody(
            "CreateTask",
            Wire.field(5, Wire.field(1, [0xff])),
            .invalidField("request.content_type: is not UTF-8")
        ),
        BadBody(
            "FailTask",
            Wire.field(3, Wire.text(2, "\0")),
            .invalidField("error.message: contains a NUL byte")
        ),
        BadBody(
            "ProvideInput",
            Wire.field(2, []) + Wire.field(2, Wire.field(2, Wire.field(1, [0xff]))),
            .invalidField("responses[1].value.content_type: is not UTF-8")
        ),
    ]

private let badEnums = [
    BadBody("GetTask", Wire.number(2, 3), .invalidField("view: 3 is not a value of TaskView")),
    BadBody("GetTask", Wire.number(2, .max), .invalidField("view: -1 is not a value of TaskView")),
    BadBody("GetTask", Wire.number(2, 1 << 32), .invalidField("view: 4294967296 is not a value of TaskView")),
    BadBody("UpdateTask", Wire.number(3, 6), .invalidField("status: 6 is not a value of TaskStatus")),
    BadBody("CancelTask", Wire.number(2, 2), .invalidField("mode: 2 is not a value of CancelMode")),
    BadBody(
        "ListTasks",
        Wire.field(3, [1, 9]),
        .invalidField("statuses[1]: 9 is not a value of TaskStatus")
    ),
    BadBody(
        "ListTasks",
        Wire.number(3, 1) + Wire.number(3, 2) + Wire.number(3, 9),
        .invalidField("statuses[2]: 9 is not a value of TaskStatus")
    ),
    BadBody("ClaimTask", Wire.number(4, 2), .invalidField("on_loss: 2 is not a value of LeaseLossPolicy")),
    BadBody("EnqueueMessage", Wire.number(3, 3), .invalidField("kind: 3 is not a value of MessageKind")),
]

@Suite struct WireCheckTests {
    @Test("bad bodies are refused by name", arguments: badFraming + wrongWireTypes + badText + badEnums)
    func refused(_ bad: BadBody) throws {
        let method = try #require(ServiceDescriptor.method(named: "taskwire.v1.TaskService/\(bad.method)"))
        #expect(throws: bad.error) { try bad.bytes.withUnsafeBytes { try method.checkBody($0) } }
    }

    @Test("decoding makes the same check")
    func decodingChecks() {
        #expect(throws: TaskwireError.invalidField("task_id: is not UTF-8")) {
            try GetTaskRequest(wire: Wire.field(1, [0xff]))
        }
        #expect(throws: TaskwireError.invalidField("call.metadata[0].value: contains a NUL byte")) {
            let bytes = Wire.field(1, Wire.field(6, Wire.text(2, "\0")))
            _ = try RPCRequest(wire: bytes)
        }
        #expect(throws: TaskwireError.malformed("reply.status.task.labels[1]: truncated")) {
            let task = Wire.field(12, []) + [0x62, 1]
            _ = try RPCResponse(wire: Wire.field(1, Wire.field(1, Wire.field(5, task))))
        }
    }

    @Test(
        "text of every length of UTF-8 sequence is taken",
        arguments: ["", "a", "é", "€", "😀", "\u{7f}\u{80}\u{7ff}\u{800}\u{ffff}\u{10000}\u{10ffff}"]
    )
    func text(_ text: String) throws {
        #expect(try GetTaskRequest(wire: Wire.text(1, text)).taskID == text)
        #expect(try GetTaskRequest(wire: GetTaskRequest(taskID: text).encoded()).taskID == text)
    }

    @Test("unknown fields of every wire type are skipped")
    func unknownFields() throws {
        let unknown =
            Wire.number(99, .max) + Wire.field(98, [0xff, 0])
            + Wire.varint(97 << 3 | 1) + [1, 2, 3, 4, 5, 6, 7, 8]
            + Wire.varint(96 << 3 | 5) + [1, 2, 3, 4]
            + Wire.number(536_870_911, 1)
        let request = try GetTaskRequest(wire: unknown + Wire.text(1, "t") + unknown)
        #expect(request == GetTaskRequest(taskID: "t"))
        #expect(try EmptyRequest(wire: unknown) == EmptyRequest())
    }

    @Test("numbers written longer than needed are read")
    func longVarints() throws {
        #expect(try GetTaskRequest(wire: [0x8a, 0x80, 0, 0x81, 0x80, 0, 0x74]).taskID == "t")
        #expect(try GetTaskRequest(wire: [0x10, 0x81, 0x80, 0]).view == .full)
        #expect(try DeletedReply(wire: [0x08] + nine + [0x01]).isDeleted)
    }

    @Test("unpacked and packed lists are the same")
    func packedLists() throws {
        let packed = try ListTasksRequest(wire: Wire.field(3, [1, 4]) + Wire.field(3, [5]))
        let unpacked = try ListTasksRequest(wire: Wire.number(3, 1) + Wire.number(3, 4) + Wire.number(3, 5))
        #expect(packed.statuses == [.working, .failed, .cancelled])
        #expect(packed == unpacked)
    }

    @Test("a singular submessage appears at most once", arguments: [2, 17, 200_000])
    func repeatedMessage(_ count: Int) {
        let body = (0..<count).flatMap { _ in Wire.field(7, []) }
        #expect(throws: TaskwireError.malformed("progress: appears more than once")) {
            try UpdateTaskRequest(wire: body)
        }
        let task = Wire.field(
            1,
            Wire.number(3, 1) + Wire.field(13, []) + Wire.field(14, []) + Wire.field(13, [])
        )
        #expect(throws: TaskwireError.malformed("task.request: appears more than once")) {
            try TaskReply(wire: task)
        }
    }
}

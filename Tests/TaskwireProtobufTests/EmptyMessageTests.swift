import Taskwire
import TaskwireProtobuf
import TaskwireTestSupport
import Testing

/// A value whose fields are all at their defaults, which Protobuf does not write.
struct DefaultCase: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let verify: @Sendable () throws -> Void

    init<Value: WireDecodable & WireEncodable & Equatable>(_ value: Value) {
        testDescription = "\(Value.self)"
        verify = {
            let bytes = try value.encoded()
            #expect(bytes == [])
            let read = try Value(wire: [])
            #expect(read == value)
        }
    }
}

/// A message that lacks what it must have.
struct IncompleteCase: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let message: String
    let read: @Sendable () throws -> Void

    init<Value: WireDecodable>(_ type: Value.Type, _ message: String, from bytes: [UInt8] = []) {
        testDescription = "\(type): \(message)"
        self.message = message
        read = { _ = try Value(wire: bytes) }
    }
}

private let epoch = Timestamp(millisecondsSince1970: 0)

@Suite struct EmptyMessageTests {
    @Test(
        "defaults take no bytes",
        arguments: [
            DefaultCase(CreateTaskRequest()),
            DefaultCase(GetTaskRequest(taskID: "")),
            DefaultCase(UpdateTaskRequest(taskID: "")),
            DefaultCase(CompleteTaskRequest(taskID: "", result: nil)),
            DefaultCase(CancelTaskRequest(taskID: "")),
            DefaultCase(GetResultRequest(taskID: "")),
            DefaultCase(AwaitResultRequest(taskID: "")),
            DefaultCase(WaitTaskRequest(taskID: "", afterRevision: 0)),
            DefaultCase(ListTasksRequest()),
            DefaultCase(DeleteTaskRequest(taskID: "")),
            DefaultCase(ClaimTaskRequest(taskID: "", worker: "", lease: .zero)),
            DefaultCase(RenewLeaseRequest(taskID: "", leaseToken: [])),
            DefaultCase(ReleaseLeaseRequest(taskID: "", leaseToken: [])),
            DefaultCase(DequeueMessageRequest(taskID: "")),
            DefaultCase(PeekMessageRequest(taskID: "")),
            DefaultCase(ClearMessagesRequest(taskID: "")),
            DefaultCase(WaitMessageRequest(taskID: "")),
            DefaultCase(ProvideInputRequest(taskID: "", responses: [:])),
            DefaultCase(AwaitInputRequest(taskID: "", key: "")),
            DefaultCase(EmptyRequest()),
            DefaultCase(TaskPage(tasks: [])),
            DefaultCase(DeletedReply(isDeleted: false)),
            DefaultCase(PingReply(time: epoch)),
            DefaultCase(HealthReport(isReady: false, checks: [])),
            DefaultCase(HealthCheck(name: "", isOK: false)),
            DefaultCase(ServerStats()),
            DefaultCase(ServerStats.Method(name: "")),
            DefaultCase(DescriptorsReply(fileDescriptorSet: [])),
            DefaultCase(StartBackupReply(backupID: "", byteCount: 0)),
            DefaultCase(ReadBackupRequest(backupID: "", offset: 0)),
            DefaultCase(ReadBackupReply(data: [])),
            DefaultCase(EndBackupRequest(backupID: "")),
            DefaultCase(EndBackupReply()),
            DefaultCase(TaskError(code: 0, message: "")),
            DefaultCase(TaskProgress(current: 0)),
            DefaultCase(TaskLease(worker: "", expiresAt: epoch)),
        ]
    )
    func defaults(_ value: DefaultCase) throws {
        try value.verify()
    }

    @Test(
        "what must be there is asked for",
        arguments: [
            IncompleteCase(StoreResultRequest.self, "result: required"),
            IncompleteCase(FailTaskRequest.self, "error: required"),
            IncompleteCase(EnqueueMessageRequest.self, "kind: unspecified"),
            IncompleteCase(EnqueueMessageRequest.self, "payload: required", from: Wire.number(3, 1)),
            IncompleteCase(RequestInputRequest.self, "payload: required"),
            IncompleteCase(
                ProvideInputRequest.self,
                "responses[0].value: required",
                from: Wire.field(2, Wire.text(1, "k"))
            ),
            IncompleteCase(TaskClaim.self, "task: required"),
            IncompleteCase(MessageDelivery.self, "task: required"),
            IncompleteCase(ClearedMessages.self, "task: required"),
            IncompleteCase(InputReceipt.self, "task: required"),
            IncompleteCase(InputAnswer.self, "task: required"),
            IncompleteCase(TaskReply.self, "task: required"),
            IncompleteCase(TaskOutcome.self, "task: required"),
            IncompleteCase(TaskChange.self, "task: required"),
            IncompleteCase(ServerInfo.self, "limits: required"),
            IncompleteCase(InputRequest.self, "payload: required"),
            IncompleteCase(TaskMessage.self, "kind: unspecified"),
            IncompleteCase(TaskMessage.self, "payload: required", from: Wire.number(2, 1)),
            IncompleteCase(TaskState.self, "status: unspecified"),
            IncompleteCase(TaskReply.self, "task.status: unspecified", from: Wire.field(1, [])),
            IncompleteCase(
                TaskReply.self,
                "task.input_requests[0].payload: required",
                from: Wire.field(1, Wire.number(3, 1) + Wire.field(18, []))
            ),
            IncompleteCase(
                TaskPage.self,
                "tasks[1].status: unspecified",
                from: Wire.field(1, Wire.number(3, 1)) + Wire.field(1, [])
            ),
            IncompleteCase(ListTasksRequest.self, "statuses[1]: unspecified", from: Wire.field(3, [1, 0])),
        ]
    )
    func required(_ incomplete: IncompleteCase) {
        #expect(throws: TaskwireError.invalidField(incomplete.message)) { try incomplete.read() }
    }

    @Test func aPayloadWithoutContentTypeIsJSON() throws {
        let request = try CompleteTaskRequest(wire: Wire.field(3, Wire.field(2, [0x31])))
        #expect(request.result == Payload(data: [0x31], contentType: "application/json"))
        #expect(try CompleteTaskRequest(wire: Wire.field(3, [])).result == Payload(data: []))
    }

    @Test func ofEntriesWithOneKeyTheLastCounts() throws {
        let entries = ["1", "2"].map { Wire.field(4, Wire.text(1, "k") + Wire.text(2, $0)) }
        let other = Wire.field(4, Wire.text(2, "no key"))
        let request = try CreateTaskRequest(wire: entries[0] + other + entries[1])
        #expect(request.labels == ["k": "2", "": "no key"])
    }

    @Test func ofARepeatedSingularFieldTheLastCounts() throws {
        #expect(try GetTaskRequest(wire: Wire.text(1, "a") + Wire.text(1, "b")).taskID == "b")
        let request = try CancelTaskRequest(wire: Wire.text(3, "a") + Wire.text(3, "b"))
        #expect(request.statusMessage == "b")
    }

    @Test func aPageSizeBeyondTheWireIsClamped() throws {
        #expect(
            try ListTasksRequest(wire: ListTasksRequest(pageSize: .max).encoded()).pageSize == Int(Int32.max)
        )
        #expect(
            try ListTasksRequest(wire: ListTasksRequest(pageSize: .min).encoded()).pageSize == Int(Int32.min)
        )
    }
}

extension TaskwireError {
    /// INVALID_ARGUMENT / INVALID_FIELD with the whole sentence.
    static func invalidField(_ message: String) -> TaskwireError {
        TaskwireError(.invalidArgument, .invalidField, message)
    }

    /// INVALID_ARGUMENT / MALFORMED_MESSAGE with the whole sentence.
    static func malformed(_ message: String) -> TaskwireError {
        TaskwireError(.invalidArgument, .malformedMessage, message)
    }
}

import Taskwire
import TaskwireProtobuf
import TaskwireTestSupport
import Testing

/// Envelopes as `protoc --encode` writes them.
enum Envelopes {
    static let call = [UInt8](
        hex: """
            0a610a1f7461736b776972652e76312e5461736b536572766963652f4765745461736b12050a0374
            2d311a10000102030405060708090a0b0c0d0e0f20dc0b2a06736563726574321a0a0b7472616365
            706172656e74120b30302d61622d63642d3031
            """
    )
    static let batch = [UInt8](
        hex: """
            12680a610a1f7461736b776972652e76312e5461736b536572766963652f4765745461736b12050a
            03742d311a10000102030405060708090a0b0c0d0e0f20dc0b2a06736563726574321a0a0b747261
            6365706172656e74120b30302d61622d63642d30310a030a016d
            """
    )
    static let reply = [UInt8](hex: "0a0412020801")
    static let failure = [UInt8](
        hex: """
            0a300a2e080e120853544f5050494e471a056c6174657220a581feffffffffffff012a0b0a03742d
            3218032805300530dc0b
            """
    )
    static let batchReply = [UInt8](
        hex: """
            12380a300a2e080e120853544f5050494e471a056c6174657220a581feffffffffffff012a0b0a03
            742d3218032805300530dc0b0a0412020801
            """
    )
    static let error = TaskwireError(
        .unavailable,
        .stopping,
        "later",
        task: Samples.otherTask,
        retryAfter: .milliseconds(1500)
    )
    static let fullCall = RPCCall(
        method: "taskwire.v1.TaskService/GetTask",
        body: .value(GetTaskRequest(taskID: "t-1")),
        requestID: Samples.requestID,
        timeoutMilliseconds: 1500,
        token: "secret",
        metadata: ["traceparent": "00-ab-cd-01"]
    )
}

@Suite struct EnvelopeTests {
    private func expect(_ call: RPCCall, is expected: RPCCall) throws {
        #expect(call.method == expected.method)
        #expect(call.requestID == expected.requestID)
        #expect(call.timeoutMilliseconds == expected.timeoutMilliseconds)
        #expect(call.token == expected.token)
        #expect(call.metadata == expected.metadata)
        let request = try call.body.decoded(as: GetTaskRequest.self, arena: Arena())
        #expect(try request == expected.body.decoded(arena: Arena()))
    }

    @Test func aCallIsReadAndWritten() throws {
        #expect(try RPCRequest.call(Envelopes.fullCall).encoded() == Envelopes.call)
        guard case .call(let call) = try RPCRequest(wire: Envelopes.call) else {
            Issue.record("not a call")
            return
        }
        try expect(call, is: Envelopes.fullCall)
        #expect(try RPCRequest.call(call).encoded() == Envelopes.call)
    }

    @Test func aBatchIsReadAndWritten() throws {
        let empty = RPCCall(method: "m", body: .encoded([]))
        #expect(
            try RPCRequest.batch([.success(Envelopes.fullCall), .success(empty)]).encoded() == Envelopes.batch
        )
        guard case .batch(let calls) = try RPCRequest(wire: Envelopes.batch) else {
            Issue.record("not a batch")
            return
        }
        #expect(calls.count == 2)
        try expect(calls[0].get(), is: Envelopes.fullCall)
        try expect(calls[1].get(), is: empty)
    }

    @Test func anEmptyBatchIsABatch() throws {
        guard case .batch(let calls) = try RPCRequest(wire: RPCRequest.batch([]).encoded()) else {
            Issue.record("not a batch")
            return
        }
        #expect(calls.isEmpty)
    }

    @Test func aReplyIsReadAndWritten() throws {
        let reply = RPCResponse.reply(.success(.value(DeletedReply(isDeleted: true))))
        #expect(try reply.encoded() == Envelopes.reply)
        guard case .reply(let read) = try RPCResponse(wire: Envelopes.reply) else {
            Issue.record("not a reply")
            return
        }
        #expect(try read.decoded(as: DeletedReply.self, arena: Arena()).isDeleted)
    }

    @Test func aFailureIsReadAndWritten() throws {
        #expect(try RPCResponse.reply(.failure(Envelopes.error)).encoded() == Envelopes.failure)
        guard case .reply(let reply) = try RPCResponse(wire: Envelopes.failure) else {
            Issue.record("not a reply")
            return
        }
        #expect(throws: Envelopes.error) { try reply.decoded(as: DeletedReply.self, arena: Arena()) }
    }

    @Test func aBatchReplyIsReadAndWritten() throws {
        let replies: [RPCReply] = [.failure(Envelopes.error), .success(.encoded([0x08, 0x01]))]
        #expect(try RPCResponse.batch(replies).encoded() == Envelopes.batchReply)
        guard case .batch(let read) = try RPCResponse(wire: Envelopes.batchReply) else {
            Issue.record("not a batch")
            return
        }
        #expect(read.count == 2)
        #expect(throws: Envelopes.error) { try read[0].decoded(as: DeletedReply.self, arena: Arena()) }
        #expect(try read[1].decoded(as: DeletedReply.self, arena: Arena()).isDeleted)
    }

    @Test(
        "no strict prefix of an envelope is an envelope",
        arguments: [
            Envelopes.call, Envelopes.batch, Envelopes.reply, Envelopes.failure, Envelopes.batchReply,
        ]
    )
    func truncated(_ bytes: [UInt8]) {
        for count in 0..<bytes.count {
            let prefix = Array(bytes[..<count])
            #expect(throws: TaskwireError.self) { try RPCRequest(wire: prefix) }
            #expect(throws: TaskwireError.self) { try RPCResponse(wire: prefix) }
        }
    }

    private static let badCalls: [(call: [UInt8], error: TaskwireError)] = [
        (Wire.field(3, [1]), .invalidField("request_id: has 1 bytes instead of 16")),
        (
            Wire.field(3, .init(repeating: 1, count: 17)),
            .invalidField("request_id: has 17 bytes instead of 16")
        ),
        (Wire.number(4, .max), .invalidField("timeout_ms: negative")),
        (
            (0..<17).flatMap { Wire.field(6, Wire.text(1, "\($0)")) },
            .invalidField("metadata: has more than 16 entries")
        ),
    ]

    @Test("a call that breaks a rule is refused", arguments: badCalls.indices)
    func badCall(_ index: Int) {
        let (call, error) = Self.badCalls[index]
        #expect(throws: error) { try RPCRequest(wire: Wire.field(1, call)) }
    }

    @Test("in a batch it fails alone", arguments: badCalls.indices)
    func badCallInBatch(_ index: Int) throws {
        let (call, error) = Self.badCalls[index]
        let good = Wire.field(1, Wire.text(1, "m"))
        let bytes = Wire.field(2, good + Wire.field(1, call) + good)
        guard case .batch(let calls) = try RPCRequest(wire: bytes) else {
            Issue.record("not a batch")
            return
        }
        #expect(calls.count == 3)
        #expect(throws: error) { try calls[1].get() }
        #expect(try calls[0].get().method == "m")
        #expect(try calls[2].get().method == "m")
        #expect(throws: error) { try RPCRequest.batch(calls).encoded() }
    }

    @Test func sixteenEntriesOfMetadataAreTaken() throws {
        let entries = (0..<16).flatMap { Wire.field(6, Wire.text(1, "\($0)")) }
        guard case .call(let call) = try RPCRequest(wire: Wire.field(1, entries)) else {
            Issue.record("not a call")
            return
        }
        #expect(call.metadata.count == 16)
    }

    @Test func neitherOneNorTheOtherIsRefused() {
        #expect(throws: TaskwireError.malformed("Request: neither call nor batch")) {
            try RPCRequest(wire: [])
        }
        #expect(throws: TaskwireError.malformed("Request: neither call nor batch")) {
            try RPCRequest(wire: Wire.number(9, 1))
        }
        #expect(throws: TaskwireError.malformed("Response: neither reply nor batch")) {
            try RPCResponse(wire: [])
        }
    }

    @Test func ofCallAndBatchTheLastCounts() throws {
        guard case .batch(let calls) = try RPCRequest(wire: Envelopes.call + Envelopes.batch) else {
            Issue.record("not a batch")
            return
        }
        #expect(calls.count == 2)
        guard case .call = try RPCRequest(wire: Envelopes.batch + Envelopes.call) else {
            Issue.record("not a call")
            return
        }
    }

    @Test func aBatchHasLimits() throws {
        let count = Envelopes.batch.count
        _ = try RPCRequest(wire: Envelopes.batch, maxBatchCalls: 2, maxBatchBytes: count)
        #expect(throws: TaskwireError(.resourceExhausted, .tooLarge, "batch: more than 1 calls")) {
            try RPCRequest(wire: Envelopes.batch, maxBatchCalls: 1)
        }
        #expect(throws: TaskwireError(.resourceExhausted, .tooLarge, "batch: more than \(count - 1) bytes")) {
            try RPCRequest(wire: Envelopes.batch, maxBatchBytes: count - 1)
        }
        _ = try RPCRequest(wire: Envelopes.call, maxBatchCalls: 0, maxBatchBytes: 0)
    }

    @Test("a status that says OK is a success")
    func okStatus() throws {
        let status = Wire.field(1, Wire.text(3, "fine"))
        guard
            case .reply(let reply) = try RPCResponse(wire: Wire.field(1, status + Wire.field(2, [0x08, 1])))
        else {
            Issue.record("not a reply")
            return
        }
        #expect(try reply.decoded(as: DeletedReply.self, arena: Arena()).isDeleted)
    }

    @Test("a failure with code 0 does not look like a success")
    func codeZero() throws {
        let error = TaskwireError(.init(rawValue: 0), .internal, "m", jsonRPCCode: 1)
        let read = try TaskwireError(wire: error.encoded())
        #expect(read == TaskwireError(.internal, .internal, "m", jsonRPCCode: 1))
    }

    @Test(
        "advice when to retry",
        arguments: [
            (Duration.nanoseconds(1), Duration.milliseconds(1)), (.seconds(-1), nil), (.zero, nil),
            (nil, nil),
            (.seconds(Int64.max), .milliseconds(Int64.max)),
        ] as [(Duration?, Duration?)]
    )
    func retryAfter(_ sent: Duration?, _ received: Duration?) throws {
        let error = TaskwireError(.unavailable, .stopping, "", retryAfter: sent, isOutcomeUnknown: true)
        let read = try TaskwireError(wire: error.encoded())
        #expect(read.retryAfter == received)
        #expect(!read.isOutcomeUnknown)
        #expect(try TaskwireError(wire: Wire.number(1, 14)).jsonRPCCode == TaskError.internalErrorCode)
    }

    @Test("the body of a large reply fits beside it")
    func largeReply() throws {
        let payload = Payload(data: .init(repeating: 7, count: 4 << 20))
        let outcome = TaskOutcome(task: Samples.otherTask, result: payload)
        let bytes = try RPCResponse.reply(.success(.value(outcome))).encoded()
        guard case .reply(let reply) = try RPCResponse(wire: bytes) else {
            Issue.record("not a reply")
            return
        }
        #expect(try reply.decoded(arena: Arena()) == outcome)
    }
}

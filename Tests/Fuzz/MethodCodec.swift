internal import Taskwire
internal import TaskwireProtobuf

/// The Swift types of one method's messages.
struct MethodCodec: Sendable {
    /// The method in the service's description.
    let method: MethodDescriptor
    /// Reads a request, and checks that it survives being written and read again.
    let testRequest: @Sendable (UnsafeRawBufferPointer) throws(TaskwireError) -> Void
    /// Reads a reply, and checks that it survives being written and read again.
    let testReply: @Sendable (UnsafeRawBufferPointer) throws(TaskwireError) -> Void

    /// A codec for every method of the services, in their order. The process ends when one has none here, or is here and
    /// in no service.
    static let all: [MethodCodec] = {
        let methods = ServiceDescriptor.all.flatMap(\.methods)
        let surplus = Set(messages.keys).subtracting(methods.map(\.name))
        require(surplus.isEmpty, "no service has the methods \(surplus.sorted())")
        return methods.map { method in
            guard let messages = messages[method.name] else {
                finding("\(method.fullName) has no line in MethodCodec")
            }
            return MethodCodec(
                method: method,
                testRequest: messages.testRequest,
                testReply: messages.testReply
            )
        }
    }()

    private typealias Test = @Sendable (UnsafeRawBufferPointer) throws(TaskwireError) -> Void

    private static let messages: [String: (testRequest: Test, testReply: Test)] = [
        "CreateTask": (test(CreateTaskRequest.self), test(TaskReply.self)),
        "GetTask": (test(GetTaskRequest.self), test(TaskReply.self)),
        "UpdateTask": (test(UpdateTaskRequest.self), test(TaskReply.self)),
        "StoreResult": (test(StoreResultRequest.self), test(TaskReply.self)),
        "CompleteTask": (test(CompleteTaskRequest.self), test(TaskReply.self)),
        "FailTask": (test(FailTaskRequest.self), test(TaskReply.self)),
        "CancelTask": (test(CancelTaskRequest.self), test(TaskReply.self)),
        "GetResult": (test(GetResultRequest.self), test(TaskOutcome.self)),
        "AwaitResult": (test(AwaitResultRequest.self), test(TaskOutcome.self)),
        "WaitTask": (test(WaitTaskRequest.self), test(TaskChange.self)),
        "ListTasks": (test(ListTasksRequest.self), test(TaskPage.self)),
        "DeleteTask": (test(DeleteTaskRequest.self), test(DeletedReply.self)),
        "ClaimTask": (test(ClaimTaskRequest.self), test(TaskClaim.self)),
        "RenewLease": (test(RenewLeaseRequest.self), test(TaskReply.self)),
        "ReleaseLease": (test(ReleaseLeaseRequest.self), test(TaskReply.self)),
        "EnqueueMessage": (test(EnqueueMessageRequest.self), test(TaskReply.self)),
        "DequeueMessage": (test(DequeueMessageRequest.self), test(MessageDelivery.self)),
        "PeekMessage": (test(PeekMessageRequest.self), test(MessageDelivery.self)),
        "ClearMessages": (test(ClearMessagesRequest.self), test(ClearedMessages.self)),
        "WaitMessage": (test(WaitMessageRequest.self), test(MessageDelivery.self)),
        "RequestInput": (test(RequestInputRequest.self), test(TaskReply.self)),
        "ProvideInput": (test(ProvideInputRequest.self), test(InputReceipt.self)),
        "AwaitInput": (test(AwaitInputRequest.self), test(InputAnswer.self)),
        "Ping": (test(EmptyRequest.self), test(PingReply.self)),
        "GetServerInfo": (test(EmptyRequest.self), test(ServerInfo.self)),
        "GetStats": (test(EmptyRequest.self), test(ServerStats.self)),
        "GetDescriptors": (test(EmptyRequest.self), test(DescriptorsReply.self)),
        "StartBackup": (test(EmptyRequest.self), test(StartBackupReply.self)),
        "ReadBackup": (test(ReadBackupRequest.self), test(ReadBackupReply.self)),
        "EndBackup": (test(EndBackupRequest.self), test(EndBackupReply.self)),
    ]

    private static let arenas = ArenaPool()

    private static func test<Value: WireDecodable & WireEncodable & Equatable>(_ type: Value.Type) -> Test {
        { bytes throws(TaskwireError) in
            let value = try arenas.withArena { arena throws(TaskwireError) in
                try Value(wire: bytes, arena: arena)
            }
            RoundTrip.check(value, arenas: arenas) { bytes, arena throws(TaskwireError) in
                try Value(wire: bytes, arena: arena)
            }
        }
    }
}

internal import CTaskwireProtos
package import Taskwire

/// What a client sends: one call, or several in one exchange.
package enum RPCRequest: Sendable {
    /// One call.
    case call(RPCCall)
    /// Several calls. One that breaks the rules of a call fails by itself and not the batch.
    case batch([Result<RPCCall, TaskwireError>])

    /// Reads an encoded `Request`. `arena` is only needed while this runs.
    /// - Throws: INVALID_ARGUMENT / MALFORMED_MESSAGE, INVALID_FIELD or TOO_LARGE; RESOURCE_EXHAUSTED /
    ///   TOO_LARGE for a batch above the given limits.
    package init(
        wire bytes: UnsafeRawBufferPointer,
        arena: Arena,
        maxBatchCalls: Int,
        maxBatchBytes: Int
    ) throws(TaskwireError) {
        let view = try unsafe RPCRequestView(
            wire: bytes,
            arena: arena,
            maxBatchCalls: maxBatchCalls,
            maxBatchBytes: maxBatchBytes
        )
        self =
            switch view {
            case .call(let call): .call(RPCCall(call))
            case .batch(let calls): .batch(calls.map { $0.map(RPCCall.init) })
            }
    }
}

extension RPCRequest: MessageWritable {
    static let descriptor = unsafe MessageDescriptor(taskwire__v1__request__init)
    private static let batchDescriptor = unsafe MessageDescriptor(taskwire__v1__batch__init)

    func write(to message: inout Taskwire__V1__Request, in arena: Arena) throws(TaskwireError) {
        switch self {
        case .call(let call):
            message.kind_case = TASKWIRE__V1__REQUEST__KIND_CALL
            unsafe message.call = try arena.message(call, "call")
        case .batch(let calls):
            let batch = try unsafe arena.blank(Self.batchDescriptor)
            unsafe batch.pointee.calls = try arena.messages(
                try calls.map { call throws(TaskwireError) in try call.get() },
                "batch.calls"
            )
            unsafe batch.pointee.n_calls = calls.count
            message.kind_case = TASKWIRE__V1__REQUEST__KIND_BATCH
            unsafe message.batch = batch
        }
    }
}

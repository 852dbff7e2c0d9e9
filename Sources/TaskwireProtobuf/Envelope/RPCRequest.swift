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
        try unsafe Self.descriptor.check(bytes)
        let message = try unsafe arena.unpack(bytes, as: Self.descriptor).pointee
        if message.kind_case == TASKWIRE__V1__REQUEST__KIND_CALL, let call = unsafe message.call {
            self = unsafe .call(try RPCCall(call.pointee))
        } else if message.kind_case == TASKWIRE__V1__REQUEST__KIND_BATCH,
            let batch = unsafe message.batch?.pointee
        {
            guard batch.n_calls <= maxBatchCalls else {
                throw TaskwireError(.resourceExhausted, .tooLarge, "batch: more than \(maxBatchCalls) calls")
            }
            guard bytes.count <= maxBatchBytes else {
                throw TaskwireError(.resourceExhausted, .tooLarge, "batch: more than \(maxBatchBytes) bytes")
            }
            let calls = unsafe UnsafeBufferPointer(start: batch.calls, count: batch.n_calls)
            self = unsafe .batch(
                calls.compactMap { call in
                    unsafe call.map { call in
                        Result { () throws(TaskwireError) in try unsafe RPCCall(call.pointee) }
                    }
                }
            )
        } else {
            throw TaskwireError(.invalidArgument, .malformedMessage, "Request: neither call nor batch")
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

internal import CTaskwireProtos
internal import Glibc
package import Taskwire

/// One call as it was unpacked: nothing of it is copied. Valid until its arena is reset.
@safe
package struct RPCCallView {
    /// Names the mutation; nil on reads.
    package let requestID: RequestID?
    private let message: UnsafePointer<Taskwire__V1__Call>

    /// A call that keeps the rules of calls.
    /// - Throws: INVALID_ARGUMENT / INVALID_FIELD.
    init(_ message: UnsafePointer<Taskwire__V1__Call>) throws(TaskwireError) {
        let count = unsafe message.pointee.request_id.len
        requestID = unsafe count == 0 ? nil : RequestID(wire: message.pointee.request_id)
        guard requestID != nil || count == 0 else {
            throw .invalidField("request_id", "has \(count) bytes instead of \(RequestID.byteCount)")
        }
        guard unsafe message.pointee.timeout_ms >= 0 else { throw .invalidField("timeout_ms", "negative") }
        guard unsafe message.pointee.n_metadata <= RPCCall.maxMetadataEntries else {
            throw .invalidField("metadata", "has more than \(RPCCall.maxMetadataEntries) entries")
        }
        unsafe self.message = unsafe message
    }

    /// Full name of the method, such as `taskwire.v1.TaskService/GetTask`.
    package var method: String { unsafe String(wire: message.pointee.method) }

    /// The bytes of ``method``.
    package var methodBytes: UnsafeRawBufferPointer { unsafe Self.bytes(message.pointee.method) }

    /// The encoded request of the method, still unchecked.
    package var body: UnsafeRawBufferPointer {
        unsafe UnsafeRawBufferPointer(start: message.pointee.body.data, count: message.pointee.body.len)
    }

    /// The time that the caller will wait, in milliseconds; 0: the server's default.
    package var timeoutMilliseconds: Int64 { unsafe message.pointee.timeout_ms }

    /// Credential; empty where there is none.
    package var token: String { unsafe String(wire: message.pointee.token) }

    /// The bytes of ``token``.
    package var tokenBytes: UnsafeRawBufferPointer { unsafe Self.bytes(message.pointee.token) }

    /// Entries for the server.
    package var metadata: [String: String] {
        let count = unsafe message.pointee.n_metadata
        return unsafe count == 0 ? [:] : [String: String](wire: message.pointee.metadata, count: count)
    }

    /// True if there is no ``metadata``.
    package var isMetadataEmpty: Bool { unsafe message.pointee.n_metadata == 0 }

    private static func bytes(_ text: UnsafeMutablePointer<CChar>?) -> UnsafeRawBufferPointer {
        unsafe UnsafeRawBufferPointer(start: text, count: text.map { unsafe strlen($0) } ?? 0)
    }
}

/// A request as it was unpacked: one call, or several in one exchange. Valid until its arena is reset.
package enum RPCRequestView {
    /// One call.
    case call(RPCCallView)
    /// Several calls. One that breaks the rules of a call fails by itself and not the batch.
    case batch([Result<RPCCallView, TaskwireError>])

    /// Unpacks an encoded `Request`, which need not be kept.
    /// - Throws: INVALID_ARGUMENT / MALFORMED_MESSAGE, INVALID_FIELD or TOO_LARGE; RESOURCE_EXHAUSTED /
    ///   TOO_LARGE for a batch above the given limits.
    package init(
        wire bytes: UnsafeRawBufferPointer,
        arena: Arena,
        maxBatchCalls: Int,
        maxBatchBytes: Int
    ) throws(TaskwireError) {
        try unsafe RPCRequest.descriptor.check(bytes)
        let message = try unsafe arena.unpack(bytes, as: RPCRequest.descriptor)
        if unsafe message.pointee.kind_case == TASKWIRE__V1__REQUEST__KIND_CALL,
            let call = unsafe message.pointee.call
        {
            self = unsafe .call(try RPCCallView(call))
        } else if unsafe message.pointee.kind_case == TASKWIRE__V1__REQUEST__KIND_BATCH,
            let batch = unsafe message.pointee.batch?.pointee
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
                        Result { () throws(TaskwireError) in try unsafe RPCCallView(call) }
                    }
                }
            )
        } else {
            throw TaskwireError(.invalidArgument, .malformedMessage, "Request: neither call nor batch")
        }
    }
}

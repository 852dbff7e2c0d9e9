internal import CTaskwireProtos
package import Taskwire

/// What a server answers: as many replies as the request had calls, in their order.
package enum RPCResponse: Sendable {
    /// The answer to one call.
    case reply(RPCReply)
    /// The answer to a batch.
    case batch([RPCReply])
}

extension RPCResponse: MessageReadable, MessageWritable {
    static let descriptor = unsafe MessageDescriptor(taskwire__v1__response__init)
    private static let batchDescriptor = unsafe MessageDescriptor(taskwire__v1__batch_reply__init)

    init(_ message: Taskwire__V1__Response) throws(TaskwireError) {
        if message.kind_case == TASKWIRE__V1__RESPONSE__KIND_REPLY {
            self = unsafe .reply(try RPCReply.readRequired(message.reply, "reply"))
        } else if message.kind_case == TASKWIRE__V1__RESPONSE__KIND_BATCH,
            let batch = unsafe message.batch?.pointee
        {
            self = unsafe .batch(try RPCReply.readAll(batch.replies, count: batch.n_replies, "batch.replies"))
        } else {
            throw TaskwireError(.invalidArgument, .malformedMessage, "Response: neither reply nor batch")
        }
    }

    /// Decodes the answer to one call in place: what it was answered, or the refusal.
    /// - Throws: INVALID_ARGUMENT where the bytes are no such answer.
    package static func outcome<Value: WireDecodable>(
        in bytes: UnsafeRawBufferPointer,
        as type: Value.Type,
        arena: Arena
    ) throws(TaskwireError) -> Result<Value, TaskwireError> {
        try unsafe descriptor.check(bytes)
        let message = try unsafe arena.unpack(bytes, as: descriptor)
        guard unsafe message.pointee.kind_case == TASKWIRE__V1__RESPONSE__KIND_REPLY,
            let reply = unsafe message.pointee.reply
        else {
            throw TaskwireError(.invalidArgument, .malformedMessage, "Response: not one reply")
        }
        if let status = unsafe reply.pointee.status, unsafe status.pointee.code != 0 {
            return unsafe .failure(try TaskwireError.readRequired(status, "status"))
        }
        let body = unsafe reply.pointee.body
        return .success(
            try unsafe Value(wire: UnsafeRawBufferPointer(start: body.data, count: body.len), arena: arena)
        )
    }

    func write(to message: inout Taskwire__V1__Response, in arena: Arena) throws(TaskwireError) {
        switch self {
        case .reply(let reply):
            message.kind_case = TASKWIRE__V1__RESPONSE__KIND_REPLY
            unsafe message.reply = try arena.message(reply, "reply")
        case .batch(let replies):
            let batch = try unsafe arena.blank(Self.batchDescriptor)
            unsafe batch.pointee.replies = try arena.messages(replies, "batch.replies")
            unsafe batch.pointee.n_replies = replies.count
            message.kind_case = TASKWIRE__V1__RESPONSE__KIND_BATCH
            unsafe message.batch = batch
        }
    }
}

internal import CTaskwireProtos
package import Taskwire

/// What a call came to.
package enum RPCReply: Sendable {
    /// The reply of the method.
    case success(RPCBody)
    /// Why there is none.
    case failure(TaskwireError)

    /// The reply of the method as a `Value`.
    /// - Throws: the failure, or INVALID_ARGUMENT where the body is no `Value`.
    package func decoded<Value: WireDecodable>(
        as type: Value.Type = Value.self,
        arena: Arena
    ) throws(TaskwireError) -> Value {
        switch self {
        case .success(let body): try body.decoded(arena: arena)
        case .failure(let error): throw error
        }
    }
}

extension RPCReply: MessageReadable, MessageWritable {
    static let descriptor = unsafe MessageDescriptor(taskwire__v1__reply__init)

    init(_ message: Taskwire__V1__Reply) throws(TaskwireError) {
        if let status = unsafe message.status, unsafe status.pointee.code != 0 {
            self = unsafe .failure(try TaskwireError.readRequired(status, "status"))
        } else {
            self = .success(.encoded([UInt8](wire: message.body)))
        }
    }

    func write(to message: inout Taskwire__V1__Reply, in arena: Arena) throws(TaskwireError) {
        switch self {
        case .success(let body): message.body = try arena.body(body)
        case .failure(let error): unsafe message.status = try arena.message(error, "status")
        }
    }
}

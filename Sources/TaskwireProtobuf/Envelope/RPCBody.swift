package import Taskwire

/// The request or reply inside an envelope: bytes where it was received, a value where it is to be sent.
package enum RPCBody: Sendable {
    /// An encoded message, still unchecked.
    case encoded([UInt8])
    /// A value that is packed together with its envelope.
    case value(any WireEncodable)

    /// The body as a `Value`.
    /// - Throws: INVALID_ARGUMENT / MALFORMED_MESSAGE, INVALID_FIELD or TOO_LARGE; for a value that cannot be
    ///   written, as ``WireEncodable/prepared(in:)``.
    package func decoded<Value: WireDecodable>(
        as type: Value.Type = Value.self,
        arena: Arena
    ) throws(TaskwireError) -> Value {
        try Value(wire: try encoded(arena: arena), arena: arena)
    }

    /// The encoded body.
    /// - Throws: as ``WireEncodable/prepared(in:)``.
    package func encoded(arena: Arena) throws(TaskwireError) -> [UInt8] {
        switch self {
        case .encoded(let bytes): bytes
        case .value(let value): try value.encoded(arena: arena)
        }
    }
}

package import Taskwire

/// A value that can be read from a message of `Protos/`.
package protocol WireDecodable: Sendable {
    /// Reads an encoded message. `arena` is only needed while this runs.
    /// - Throws: INVALID_ARGUMENT / MALFORMED_MESSAGE, INVALID_FIELD or TOO_LARGE.
    init(wire bytes: UnsafeRawBufferPointer, arena: Arena) throws(TaskwireError)
}

extension WireDecodable {
    /// Reads an encoded message.
    /// - Throws: INVALID_ARGUMENT / MALFORMED_MESSAGE, INVALID_FIELD or TOO_LARGE.
    package init(wire bytes: [UInt8], arena: Arena = Arena()) throws(TaskwireError) {
        self = try unsafe bytes.span.bytes.withUnsafeBytes { bytes throws(TaskwireError) in
            try unsafe Self(wire: bytes, arena: arena)
        }
    }
}

package import Taskwire

/// A value that can be written as a message of `Protos/`.
package protocol WireEncodable: Sendable {
    /// Builds the message in `arena`, ready to be packed into a buffer of its exact size.
    /// - Throws: INVALID_ARGUMENT / INVALID_FIELD where a string contains a NUL byte, RESOURCE_EXHAUSTED /
    ///   TOO_LARGE past the arena's limit.
    func prepared(in arena: Arena) throws(TaskwireError) -> PreparedMessage
}

extension WireEncodable {
    /// The encoded bytes.
    /// - Throws: as ``prepared(in:)``.
    package func encoded(arena: Arena = Arena()) throws(TaskwireError) -> [UInt8] {
        try prepared(in: arena).packed()
    }
}

package import Taskwire
package import TaskwireProtobuf

extension Message {
    /// Encodes `value` in place, in a message of its exact size.
    /// - Throws: RESOURCE_EXHAUSTED / TOO_LARGE above `maxBytes`, INVALID_ARGUMENT / INVALID_FIELD where a string
    ///   contains a NUL byte.
    package static func encoding(
        _ value: some WireEncodable,
        arenas: ArenaPool,
        maxBytes: Int
    ) throws(TaskwireError) -> Message {
        try arenas.withArena { arena throws(TaskwireError) in
            let prepared = try value.prepared(in: arena)
            guard prepared.byteCount <= maxBytes else {
                throw TaskwireError(
                    .resourceExhausted,
                    .tooLarge,
                    "The message has \(prepared.byteCount) bytes, at most \(maxBytes) are allowed"
                )
            }
            do throws(TransportError) {
                let message = try Message(size: prepared.byteCount)
                unsafe message.withUnsafeMutableBytes { unsafe prepared.pack(into: $0) }
                return message
            } catch {
                throw TaskwireError(.resourceExhausted, .tooLarge, error.message)
            }
        }
    }
}

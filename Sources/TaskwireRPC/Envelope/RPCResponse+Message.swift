package import Taskwire
package import TaskwireProtobuf

extension RPCResponse {
    /// Decodes a message in place.
    /// - Throws: INVALID_ARGUMENT / MALFORMED_MESSAGE, INVALID_FIELD or TOO_LARGE.
    package init(_ message: Message, arenas: ArenaPool) throws(TaskwireError) {
        self = try arenas.withArena { arena throws(TaskwireError) in
            try unsafe message.withUnsafeBytes { bytes throws(TaskwireError) in
                try unsafe RPCResponse(wire: bytes, arena: arena)
            }
        }
    }
}

internal import Taskwire
internal import TaskwireProtobuf

extension FuzzTarget {
    private static let arenas = ArenaPool()

    /// What a client receives: one message of a server that may mean harm.
    static let response = FuzzTarget("response") { bytes in
        let response = try arenas.withArena { arena throws(TaskwireError) in try read(bytes, arena) }
        RoundTrip.checkEncoding(response, arenas: arenas, read: read)
    }

    private static func read(
        _ bytes: UnsafeRawBufferPointer,
        _ arena: Arena
    ) throws(TaskwireError) -> RPCResponse {
        try RPCResponse(wire: bytes, arena: arena)
    }
}

internal import Taskwire
internal import TaskwireProtobuf

extension FuzzTarget {
    private static let limits = ServerLimits()
    private static let arenas = ArenaPool(limit: limits.maxDecodeBytes)

    /// What a server receives: one message of any client, within the limits that a server has unless told otherwise.
    static let envelope = FuzzTarget("envelope") { bytes in
        switch try arenas.withArena({ arena throws(TaskwireError) in try read(bytes, arena) }) {
        case .call(let call):
            RoundTrip.checkEncoding(.call(call), arenas: arenas, read: read)
        case .batch(let calls):
            for case .failure(let error) in calls {
                require(isWireRefusal(error), "a call of a batch was refused with \(error)")
            }
            let good = calls.filter { if case .success = $0 { true } else { false } }
            RoundTrip.checkEncoding(.batch(good), arenas: arenas, read: read)
        }
    }

    private static func read(
        _ bytes: UnsafeRawBufferPointer,
        _ arena: Arena
    ) throws(TaskwireError) -> RPCRequest {
        try RPCRequest(
            wire: bytes,
            arena: arena,
            maxBatchCalls: limits.maxBatchCalls,
            maxBatchBytes: limits.maxBatchBytes
        )
    }
}

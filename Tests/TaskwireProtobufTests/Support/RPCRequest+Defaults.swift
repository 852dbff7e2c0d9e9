import Taskwire
import TaskwireProtobuf

extension RPCRequest {
    /// Reads an encoded request, by default within the server's default limits.
    init(
        wire bytes: [UInt8],
        arena: Arena = Arena(),
        maxBatchCalls: Int = 256,
        maxBatchBytes: Int = 1 << 20
    ) throws {
        self = try bytes.withUnsafeBytes { bytes in
            try RPCRequest(
                wire: bytes,
                arena: arena,
                maxBatchCalls: maxBatchCalls,
                maxBatchBytes: maxBatchBytes
            )
        }
    }
}

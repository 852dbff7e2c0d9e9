internal import CTaskwireProtos
internal import Taskwire

extension Arena {
    /// The `bytes` field that holds an encoded body.
    func body(_ body: RPCBody) throws(TaskwireError) -> ProtobufCBinaryData {
        switch body {
        case .encoded(let bytes):
            return try self.bytes(bytes)
        case .value(let value):
            let message = try value.prepared(in: self)
            let memory = try unsafe allocate(message.byteCount)
            unsafe message.pack(into: UnsafeMutableRawBufferPointer(start: memory, count: message.byteCount))
            return unsafe ProtobufCBinaryData(
                len: message.byteCount,
                data: memory.assumingMemoryBound(to: UInt8.self)
            )
        }
    }
}

internal import FoundationEssentials
internal import Taskwire
internal import TaskwireProtobuf

/// Turns records into blobs and back.
struct RecordCodec: Sendable {
    private let arenas = ArenaPool(limit: Int(Int32.max))

    /// Any part of a record as a blob.
    /// - Throws: INVALID_ARGUMENT / INVALID_FIELD where a string contains a NUL byte, RESOURCE_EXHAUSTED / TOO_LARGE.
    func encode(_ value: some WireEncodable) throws(TaskwireError) -> Data {
        try arenas.withArena { arena throws(TaskwireError) in
            let message = try value.prepared(in: arena)
            var data = Data(count: message.byteCount)
            unsafe data.withUnsafeMutableBytes { unsafe message.pack(into: $0) }
            return data
        }
    }

    /// A log of mutations as a blob; its outcomes are kept encoded from then on.
    /// - Throws: as for any other part.
    func encode(_ log: inout MutationLog) throws(TaskwireError) -> Data {
        Data(try arenas.withArena { arena throws(TaskwireError) in try log.encodeLog(arena: arena) })
    }

    /// The value in a blob.
    /// - Throws: ``StoredDataError``
    func decode<Value: WireDecodable>(_ type: Value.Type, _ blob: Data) throws(StoredDataError) -> Value {
        do throws(TaskwireError) {
            return try arenas.withArena { arena throws(TaskwireError) in
                try unsafe blob.bytes.withUnsafeBytes { bytes throws(TaskwireError) in
                    try unsafe Value(wire: bytes, arena: arena)
                }
            }
        } catch {
            throw StoredDataError(description: "\(type): \(error.message)")
        }
    }
}

/// What is stored is not what was stored.
struct StoredDataError: Error, CustomStringConvertible {
    let description: String

    init(description: String) {
        self.description = description
    }

    init(missing column: String) {
        description = "the \(column) is missing"
    }
}

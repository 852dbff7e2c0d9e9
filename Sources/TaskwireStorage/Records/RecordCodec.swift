internal import FoundationEssentials
internal import Taskwire
internal import TaskwireProtobuf

/// Turns records into blobs and back.
struct RecordCodec: Sendable {
    private let arenas = ArenaPool(limit: Int(Int32.max))

    /// Any part of a record as a blob.
    /// - Throws: INVALID_ARGUMENT / INVALID_FIELD where a string contains a NUL byte, RESOURCE_EXHAUSTED / TOO_LARGE.
    func encode(_ value: some WireEncodable) throws(TaskwireError) -> [UInt8] {
        try arenas.withArena { arena throws(TaskwireError) in try value.encoded(arena: arena) }
    }

    /// Encodes the outcomes in a log of mutations that are not encoded yet. Returns how many those were.
    /// - Throws: as for any other part.
    func encodeOutcomes(of log: inout MutationLog) throws(TaskwireError) -> Int {
        try arenas.withArena { arena throws(TaskwireError) in try log.encodeOutcomes(arena: arena) }
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

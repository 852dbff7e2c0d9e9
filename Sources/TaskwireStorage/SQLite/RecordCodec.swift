internal import FoundationEssentials
internal import GRDB
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

    /// A log of mutations as a blob.
    /// - Throws: as for any other part.
    func encode(_ log: MutationLog) throws(TaskwireError) -> Data {
        Data(try arenas.withArena { arena throws(TaskwireError) in try log.encodedLog(arena: arena) })
    }

    /// The value in the blob at `column`, or `nil` where that is NULL.
    /// - Throws: ``StoredDataError``
    func decode<Value: WireDecodable>(_ type: Value.Type, _ row: Row, _ column: Int) throws -> Value? {
        try row.withUnsafeData(atIndex: column) { data in
            guard let data else { return nil }
            do throws(TaskwireError) {
                return try arenas.withArena { arena throws(TaskwireError) in
                    try unsafe data.bytes.withUnsafeBytes { bytes throws(TaskwireError) in
                        try unsafe Value(wire: bytes, arena: arena)
                    }
                }
            } catch {
                throw StoredDataError(description: "\(type): \(error.message)")
            }
        }
    }

    /// The value in the blob at `column`, which has to be there; `name` is for people.
    /// - Throws: ``StoredDataError``
    func decodeRequired<Value: WireDecodable>(
        _ type: Value.Type,
        _ row: Row,
        _ column: Int,
        _ name: String
    ) throws -> Value {
        guard let value = try decode(type, row, column) else { throw StoredDataError(missing: name) }
        return value
    }

    /// The record in a row that begins with the column record, without the parts that are stored apart.
    /// - Throws: ``StoredDataError``
    func slimRecord(_ row: Row) throws -> TaskRecord {
        try decodeRequired(TaskRecord.self, row, 0, "record")
    }

    /// The record in a row that begins with the columns record and large and those of the large parts.
    /// - Throws: ``StoredDataError``
    func record(_ row: Row) throws -> TaskRecord {
        var record = try slimRecord(row)
        let large = LargeParts(rawValue: row[1])
        for (column, part) in zip(2..., LargeParts.all) where large.contains(part) {
            try part.restore(&record, from: row, column, self)
        }
        return record
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

internal import FoundationEssentials
internal import GRDB
internal import Taskwire
internal import TaskwireProtobuf

extension RecordCodec {
    /// The value in the blob at `column`, or `nil` where that is NULL.
    /// - Throws: ``StoredDataError``
    func decode<Value: WireDecodable>(_ type: Value.Type, _ row: Row, _ column: Int) throws -> Value? {
        try row.withUnsafeData(atIndex: column) { data in
            try data.map { try decode(type, $0) }
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
            try row.withUnsafeData(atIndex: column) { try part.restore(&record, from: $0, self) }
        }
        return record
    }
}

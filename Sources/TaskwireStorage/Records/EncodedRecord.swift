internal import FoundationEssentials
internal import Taskwire
internal import TaskwireProtobuf

/// A record as a database has it, with the parts apart that are large.
struct EncodedRecord {
    /// What the indexes go by. A task whose place stays the same leaves them alone.
    struct Place: Equatable {
        var status: Int64?
        var createdAt: Int64
        var dueAt: Int64?

        init(of record: TaskRecord) {
            status = record.isLive ? Int64(record.state.status.wireNumber) : nil
            createdAt = record.state.createdAt.millisecondsSince1970
            dueAt = record.dueAt?.millisecondsSince1970
        }
    }

    let place: Place
    let large: LargeParts
    let record: [UInt8]
    /// Those of the large parts that are new.
    let newParts: [LargeParts: [UInt8]]
    /// How many mutations it remembers that the record before it did not.
    let newMutationCount: Int
    /// The record that this is, its log of mutations encoded, to be changed again.
    let stored: StoredRecord

    /// What is to be written of it, in bytes.
    var byteCount: Int {
        newParts.values.reduce(record.count + stored.record.mutations.byteCount) { $0 + $1.count }
    }

    /// Encodes a record, in which the outcomes of mutations stay encoded.
    /// - Throws: INVALID_ARGUMENT / INVALID_FIELD where a string contains a NUL byte, RESOURCE_EXHAUSTED / TOO_LARGE.
    init(_ record: inout TaskRecord, replacing old: StoredRecord?, codec: RecordCodec) throws(TaskwireError) {
        newMutationCount = try codec.encodeOutcomes(of: &record.mutations)
        place = Place(of: record)
        large = LargeParts(of: record)
        var inline = record
        var newParts: [LargeParts: [UInt8]] = [:]
        for part in LargeParts.all where large.contains(part) {
            part.remove(from: &inline)
            if let old, old.large.contains(part), part.isSame(in: old.record, and: record) { continue }
            newParts[part] = try part.encode(record, codec)
        }
        self.newParts = newParts
        self.record = try codec.encode(inline)
        stored = StoredRecord(large: large, record: record)
    }
}

extension TaskRecord? {
    /// Whether a store takes this in place of `old` even where it is full: the task goes, and leaves at most what is
    /// remembered of it, or its time was over, so that it can go later. What a caller does is in the log of mutations.
    func isStoredWhenFull(replacing old: TaskRecord?) -> Bool {
        guard let old else { return false }
        guard let self, self.isLive else { return true }
        return self.mutations == old.mutations
    }
}

/// A record that a database has, and which of its parts are apart.
struct StoredRecord {
    var large: LargeParts
    var record: TaskRecord
}

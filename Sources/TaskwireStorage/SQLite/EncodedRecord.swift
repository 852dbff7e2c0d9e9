internal import FoundationEssentials
internal import GRDB
internal import Taskwire
internal import TaskwireProtobuf

/// A record as the columns of the table `task`, and the payloads that are stored apart.
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
    let large: LargePayloads
    let record: Data
    let mutations: Data
    /// Those of the large payloads that are new.
    let newPayloads: [LargePayloads: Data]

    /// - Throws: INVALID_ARGUMENT / INVALID_FIELD where a string contains a NUL byte, RESOURCE_EXHAUSTED / TOO_LARGE.
    init(_ record: TaskRecord, replacing old: StoredTask?, codec: RecordCodec) throws(TaskwireError) {
        place = Place(of: record)
        large = LargePayloads(of: record.state)
        var inline = record
        var newPayloads: [LargePayloads: Data] = [:]
        for payload in LargePayloads.all where large.contains(payload) {
            let value = record.state[keyPath: payload.field]
            inline.state[keyPath: payload.field] = nil
            let isStored =
                old?.large.contains(payload) == true && old?.record.state[keyPath: payload.field] == value
            if let value, !isStored {
                newPayloads[payload] = try codec.encode(value)
            }
        }
        self.newPayloads = newPayloads
        self.record = try codec.encode(inline)
        mutations = try codec.encode(record.mutations)
    }

    /// How many bytes are written.
    var byteCount: Int { newPayloads.values.reduce(record.count + mutations.count) { $0 + $1.count } }
}

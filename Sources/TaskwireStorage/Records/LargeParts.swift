internal import FoundationEssentials
internal import Taskwire
internal import TaskwireProtobuf

/// The parts of a task that are stored apart from its record, so that other changes need not write them again.
struct LargeParts: OptionSet, Hashable {
    /// As it is stored.
    let rawValue: Int64

    static let request = LargeParts(rawValue: 1)
    static let result = LargeParts(rawValue: 2)
    static let interactions = LargeParts(rawValue: 4)
    /// Each kind there is, in the order in which they are read.
    static let all = [request, result, interactions]

    /// Parts of more bytes are large.
    private static let inlineByteCount = 1024

    init(rawValue: Int64) {
        self.rawValue = rawValue
    }

    /// The large ones of a task.
    init(of record: TaskRecord) {
        self = []
        for part in Self.all where part.ownByteCount(in: record) > Self.inlineByteCount { insert(part) }
    }

    /// About how many bytes they have.
    func byteCount(in record: TaskRecord) -> Int {
        Self.all.reduce(0) { contains($1) ? $0 + $1.ownByteCount(in: record) : $0 }
    }

    /// Whether two records have the same part of this one kind.
    func isSame(in record: TaskRecord, and other: TaskRecord) -> Bool {
        payload.map { record.state[keyPath: $0] == other.state[keyPath: $0] }
            ?? (TaskInteractions(of: record) == TaskInteractions(of: other))
    }

    /// The part of this one kind, encoded; `nil` where there is none.
    /// - Throws: as every encoding.
    func encode(_ record: TaskRecord, _ codec: RecordCodec) throws(TaskwireError) -> [UInt8]? {
        guard let payload else { return try codec.encode(TaskInteractions(of: record)) }
        guard let value = record.state[keyPath: payload] else { return nil }
        return try codec.encode(value)
    }

    /// Takes the part of this one kind out of a record.
    func remove(from record: inout TaskRecord) {
        if let payload {
            record.state[keyPath: payload] = nil
        } else {
            record.interactions = []
            record.deliveries = []
        }
    }

    /// Puts the part of this one kind, which was found as `blob`, back into a record.
    /// - Throws: ``StoredDataError``
    func restore(_ record: inout TaskRecord, from blob: Data?, _ codec: RecordCodec) throws(StoredDataError) {
        guard let blob else { throw StoredDataError(missing: payload == nil ? "interactions" : "payload") }
        if let payload {
            record.state[keyPath: payload] = try codec.decode(Payload.self, blob)
        } else {
            let interactions = try codec.decode(TaskInteractions.self, blob)
            record.interactions = interactions.interactions
            record.deliveries = interactions.deliveries
        }
    }

    /// Where a task has the payload of this one kind; `nil` for the interactions.
    private var payload: WritableKeyPath<TaskState, Payload?>? {
        switch self {
        case .request: \.request
        case .result: \.result
        default: nil
        }
    }

    /// Of the part of this one kind.
    private func ownByteCount(in record: TaskRecord) -> Int {
        switch self {
        case .request: return record.state.request?.data.count ?? 0
        case .result: return record.state.result?.data.count ?? 0
        default:
            let byteCount = record.interactions.reduce(0) { $0 + $1.byteCount }
            return record.deliveries.reduce(byteCount) { $0 + $1.byteCount }
        }
    }
}

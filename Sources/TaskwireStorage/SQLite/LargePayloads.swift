internal import Taskwire

/// The payloads of a task that are stored apart from its record, so that other changes need not write them again.
struct LargePayloads: OptionSet, Hashable {
    /// As in the column `large`.
    let rawValue: Int64

    static let request = LargePayloads(rawValue: 1)
    static let result = LargePayloads(rawValue: 2)
    /// Each kind there is.
    static let all = [request, result]

    /// Payloads of more bytes are large.
    private static let inlineByteCount = 1024

    init(rawValue: Int64) {
        self.rawValue = rawValue
    }

    /// The large ones of a task; none where there is no task.
    init(of state: TaskState?) {
        self = []
        for kind in Self.all {
            if let payload = state?[keyPath: kind.field], payload.data.count > Self.inlineByteCount {
                insert(kind)
            }
        }
    }

    /// Where a task has the payload of this one kind.
    var field: WritableKeyPath<TaskState, Payload?> {
        self == .request ? \.request : \.result
    }

    /// Where a payload of this one kind is stored.
    var table: String {
        self == .request ? "large_request" : "large_result"
    }
}

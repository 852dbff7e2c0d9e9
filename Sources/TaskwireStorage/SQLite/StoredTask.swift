internal import Taskwire

/// A task as it is in the table.
struct StoredTask {
    var number: Int64
    var stored: StoredRecord
    /// What it takes, encoded.
    var byteCount: Int
}

/// Names one task by bytes, as SQLite compares keys: strings of other bytes may be equal to Swift.
struct StoredKey: Hashable {
    private let bytes: [UInt8]

    init(_ key: TaskKey) {
        // Neither has a NUL byte.
        bytes = Array(key.owner.utf8) + [0] + Array(key.id.utf8)
    }
}

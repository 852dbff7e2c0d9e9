internal import Taskwire
internal import TaskwireProtobuf

/// A task as it is in the table.
final class StoredTask: Sendable {
    let number: Int64
    let stored: StoredRecord
    let log: StoredLog
    /// What it takes, encoded.
    let byteCount: Int

    init(number: Int64, stored: StoredRecord, log: StoredLog, byteCount: Int) {
        self.number = number
        self.stored = stored
        self.log = log
        self.byteCount = byteCount
    }
}

/// Names one task, or one owner, by bytes, as SQLite compares keys: strings of other bytes may be equal to Swift.
struct StoredKey: Hashable {
    private let bytes: [UInt8]

    init(_ key: TaskKey) {
        var bytes: [UInt8] = []
        let id = key.id
        bytes.reserveCapacity(key.owner.utf8.count + 1 + id.utf8.count)
        bytes.append(contentsOf: key.owner.utf8)
        // Neither has a NUL byte.
        bytes.append(0)
        bytes.append(contentsOf: id.utf8)
        self.bytes = bytes
    }

    init(owner: String) {
        bytes = Array(owner.utf8)
    }

    func hash(into hasher: inout Hasher) {
        // All at once, which is several times as quick as byte by byte.
        unsafe bytes.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
    }
}

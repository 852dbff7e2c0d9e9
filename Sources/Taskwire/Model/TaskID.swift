internal import Crypto
internal import FoundationEssentials

/// The rule for task ids, and where ids come from.
package enum TaskID {
    /// Bytes of the longest id.
    package static let maxByteCount = 256

    /// - Throws: INVALID_ARGUMENT unless `id` has 1 to 256 bytes of printable ASCII without spaces.
    package static func validate(_ id: String) throws(TaskwireError) {
        let count = id.utf8.count
        guard count > 0 else {
            throw .invalidField("task_id", "required")
        }
        guard count <= maxByteCount else {
            throw .invalidField("task_id", "has \(count) bytes, at most \(maxByteCount) are allowed")
        }
        guard id.consists(of: 0x21...0x7E) else {
            throw .invalidField("task_id", "may only have printable ASCII without spaces")
        }
    }

    /// The id of a task that was created without one: a hash of owner and request id in the form of a UUID
    /// (RFC 9562, version 8), so that a retried create finds the task of the first try.
    package static func derived(owner: String, requestID: RequestID) -> String {
        var hash = SHA256()
        hash.update(data: Array("taskwire.task-id\0\(owner)\0".utf8))
        hash.update(data: requestID.bytes)
        var bytes = Array(hash.finalize().prefix(16))
        bytes[6] = bytes[6] & 0x0F | 0x80
        bytes[8] = bytes[8] & 0x3F | 0x80
        let uuid = unsafe bytes.withUnsafeBytes { unsafe $0.loadUnaligned(as: uuid_t.self) }
        return UUID(uuid: uuid).uuidString.lowercased()
    }
}

/// Returns a new task id: a UUID, version 4, with 122 random bits, in lower case.
public func generateTaskID() -> String {
    UUID().uuidString.lowercased()
}

internal import CTaskwireProtos
internal import Taskwire

/// What `ReadBackup` needs.
package struct ReadBackupRequest: Sendable, Hashable {
    /// Which backup.
    package var backupID: String
    /// Where to read, in bytes from its beginning.
    package var offset: Int64
    /// The most that is returned; 0: as much as the server likes.
    package var maxBytes: Int64

    /// A request for some bytes of a backup.
    package init(backupID: String, offset: Int64, maxBytes: Int64 = 0) {
        self.backupID = backupID
        self.offset = offset
        self.maxBytes = maxBytes
    }
}

extension ReadBackupRequest: MessageReadable, MessageWritable {
    static let descriptor = unsafe MessageDescriptor(taskwire__v1__read_backup_request__init)

    init(_ message: Taskwire__V1__ReadBackupRequest) throws(TaskwireError) {
        unsafe self.init(
            backupID: String(wire: message.backup_id),
            offset: message.offset,
            maxBytes: message.max_bytes
        )
    }

    func write(to message: inout Taskwire__V1__ReadBackupRequest, in arena: Arena) throws(TaskwireError) {
        unsafe message.backup_id = try arena.string(backupID, "backup_id")
        message.offset = offset
        message.max_bytes = maxBytes
    }
}

internal import CTaskwireProtos
internal import Taskwire

/// The reply of `StartBackup`.
package struct StartBackupReply: Sendable, Hashable {
    /// What names the backup in the calls that read and end it.
    package var backupID: String
    /// Bytes of the whole backup.
    package var byteCount: Int64

    /// A reply.
    package init(backupID: String, byteCount: Int64) {
        self.backupID = backupID
        self.byteCount = byteCount
    }
}

extension StartBackupReply: MessageReadable, MessageWritable {
    static let descriptor = unsafe MessageDescriptor(taskwire__v1__start_backup_reply__init)

    init(_ message: Taskwire__V1__StartBackupReply) throws(TaskwireError) {
        unsafe self.init(backupID: String(wire: message.backup_id), byteCount: message.byte_count)
    }

    func write(to message: inout Taskwire__V1__StartBackupReply, in arena: Arena) throws(TaskwireError) {
        unsafe message.backup_id = try arena.string(backupID, "backup_id")
        message.byte_count = byteCount
    }
}

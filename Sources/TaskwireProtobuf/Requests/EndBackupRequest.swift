internal import CTaskwireProtos
internal import Taskwire

/// What `EndBackup` needs.
package struct EndBackupRequest: Sendable, Hashable {
    /// Which backup.
    package var backupID: String

    /// A request to forget a backup.
    package init(backupID: String) {
        self.backupID = backupID
    }
}

extension EndBackupRequest: MessageReadable, MessageWritable {
    static let descriptor = unsafe MessageDescriptor(taskwire__v1__end_backup_request__init)

    init(_ message: Taskwire__V1__EndBackupRequest) throws(TaskwireError) {
        unsafe self.init(backupID: String(wire: message.backup_id))
    }

    func write(to message: inout Taskwire__V1__EndBackupRequest, in arena: Arena) throws(TaskwireError) {
        unsafe message.backup_id = try arena.string(backupID, "backup_id")
    }
}

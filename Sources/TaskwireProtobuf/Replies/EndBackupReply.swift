internal import CTaskwireProtos
internal import Taskwire

/// The reply of `EndBackup`, which has nothing to say.
package struct EndBackupReply: Sendable, Hashable {
    /// The reply.
    package init() {}
}

extension EndBackupReply: MessageReadable, MessageWritable {
    static let descriptor = unsafe MessageDescriptor(taskwire__v1__end_backup_reply__init)

    init(_ message: Taskwire__V1__EndBackupReply) throws(TaskwireError) {}

    func write(to message: inout Taskwire__V1__EndBackupReply, in arena: Arena) throws(TaskwireError) {}
}

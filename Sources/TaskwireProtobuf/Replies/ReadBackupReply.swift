internal import CTaskwireProtos
internal import Taskwire

/// The reply of `ReadBackup`.
package struct ReadBackupReply: Sendable, Hashable {
    /// Some bytes of the backup; none at its end.
    package var data: [UInt8]

    /// A reply.
    package init(data: [UInt8]) {
        self.data = data
    }
}

extension ReadBackupReply: MessageReadable, MessageWritable {
    static let descriptor = unsafe MessageDescriptor(taskwire__v1__read_backup_reply__init)

    init(_ message: Taskwire__V1__ReadBackupReply) throws(TaskwireError) {
        self.init(data: [UInt8](wire: message.data))
    }

    func write(to message: inout Taskwire__V1__ReadBackupReply, in arena: Arena) throws(TaskwireError) {
        message.data = try arena.bytes(data)
    }
}

internal import CTaskwireProtos
internal import Taskwire

/// The reply of `DeleteTask`.
package struct DeletedReply: Sendable, Hashable {
    /// Whether the task was there.
    package var isDeleted: Bool

    /// A reply.
    package init(isDeleted: Bool) {
        self.isDeleted = isDeleted
    }
}

extension DeletedReply: MessageReadable, MessageWritable {
    static let descriptor = unsafe MessageDescriptor(taskwire__v1__delete_task_reply__init)

    init(_ message: Taskwire__V1__DeleteTaskReply) throws(TaskwireError) {
        self.init(isDeleted: message.deleted != 0)
    }

    func write(to message: inout Taskwire__V1__DeleteTaskReply, in arena: Arena) throws(TaskwireError) {
        message.deleted = isDeleted ? 1 : 0
    }
}

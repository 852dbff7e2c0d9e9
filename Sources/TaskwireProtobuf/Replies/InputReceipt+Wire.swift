internal import CTaskwireProtos
package import Taskwire

extension InputReceipt: MessageReadable, MessageWritable {
    static let descriptor = unsafe MessageDescriptor(taskwire__v1__provide_input_reply__init)

    init(_ message: Taskwire__V1__ProvideInputReply) throws(TaskwireError) {
        unsafe self.init(
            task: try TaskState.readRequired(message.task, "task"),
            acceptedKeys: [String](wire: message.accepted, count: message.n_accepted)
        )
    }

    func write(to message: inout Taskwire__V1__ProvideInputReply, in arena: Arena) throws(TaskwireError) {
        unsafe message.task = try arena.message(task, "task")
        unsafe message.accepted = try arena.strings(acceptedKeys, "accepted")
        message.n_accepted = acceptedKeys.count
    }
}

internal import CTaskwireProtos
package import Taskwire

extension InputReceipt: MessageReadable, MessageWritable {
    static let descriptor = MessageDescriptor(taskwire__v1__provide_input_reply__init)

    init(_ message: Taskwire__V1__ProvideInputReply) throws(TaskwireError) {
        self.init(
            task: try TaskState.readRequired(message.task, "task"),
            acceptedKeys: [String](wire: message.accepted, count: message.n_accepted)
        )
    }

    func write(to message: inout Taskwire__V1__ProvideInputReply, in arena: Arena) throws(TaskwireError) {
        message.task = try arena.message(task, "task")
        message.accepted = try arena.strings(acceptedKeys, "accepted")
        message.n_accepted = acceptedKeys.count
    }
}

internal import CTaskwireProtos
package import Taskwire

extension TaskClaim: MessageReadable, MessageWritable {
    static let descriptor = unsafe MessageDescriptor(taskwire__v1__claim_task_reply__init)

    init(_ message: Taskwire__V1__ClaimTaskReply) throws(TaskwireError) {
        unsafe self.init(
            task: try TaskState.readRequired(message.task, "task"),
            leaseToken: [UInt8](wire: message.lease_token)
        )
    }

    func write(to message: inout Taskwire__V1__ClaimTaskReply, in arena: Arena) throws(TaskwireError) {
        unsafe message.task = try arena.message(task, "task")
        message.lease_token = try arena.bytes(leaseToken)
    }
}

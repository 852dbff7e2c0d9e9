internal import CTaskwireProtos
package import Taskwire

extension ClaimTaskRequest: MessageReadable, MessageWritable {
    static let descriptor = unsafe MessageDescriptor(taskwire__v1__claim_task_request__init)

    init(_ message: Taskwire__V1__ClaimTaskRequest) throws(TaskwireError) {
        unsafe self.init(
            taskID: String(wire: message.task_id),
            worker: String(wire: message.worker),
            onLoss: LeaseLossPolicy(wire: message.on_loss)
        )
        leaseMilliseconds = message.lease_ms
    }

    func write(to message: inout Taskwire__V1__ClaimTaskRequest, in arena: Arena) throws(TaskwireError) {
        unsafe message.task_id = try arena.string(taskID, "task_id")
        unsafe message.worker = try arena.string(worker, "worker")
        message.lease_ms = leaseMilliseconds
        message.on_loss = onLoss.wire
    }
}

internal import CTaskwireProtos
package import Taskwire

extension RenewLeaseRequest: MessageReadable, MessageWritable {
    static let descriptor = unsafe MessageDescriptor(taskwire__v1__renew_lease_request__init)

    init(_ message: Taskwire__V1__RenewLeaseRequest) throws(TaskwireError) {
        unsafe self.init(
            taskID: String(wire: message.task_id),
            leaseToken: [UInt8](wire: message.lease_token)
        )
        leaseMilliseconds = message.lease_ms
    }

    func write(to message: inout Taskwire__V1__RenewLeaseRequest, in arena: Arena) throws(TaskwireError) {
        unsafe message.task_id = try arena.string(taskID, "task_id")
        message.lease_token = try arena.bytes(leaseToken)
        message.lease_ms = leaseMilliseconds
    }
}

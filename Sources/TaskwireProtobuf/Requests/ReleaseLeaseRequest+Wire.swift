internal import CTaskwireProtos
package import Taskwire

extension ReleaseLeaseRequest: MessageReadable, MessageWritable {
    static let descriptor = unsafe MessageDescriptor(taskwire__v1__release_lease_request__init)

    init(_ message: Taskwire__V1__ReleaseLeaseRequest) throws(TaskwireError) {
        unsafe self.init(
            taskID: String(wire: message.task_id),
            leaseToken: [UInt8](wire: message.lease_token)
        )
    }

    func write(to message: inout Taskwire__V1__ReleaseLeaseRequest, in arena: Arena) throws(TaskwireError) {
        unsafe message.task_id = try arena.string(taskID, "task_id")
        message.lease_token = try arena.bytes(leaseToken)
    }
}

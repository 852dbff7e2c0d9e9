internal import CTaskwireProtos
package import Taskwire

extension TaskLease: MessageReadable, MessageWritable {
    static let descriptor = unsafe MessageDescriptor(taskwire__v1__lease__init)

    init(_ message: Taskwire__V1__Lease) throws(TaskwireError) {
        unsafe self.init(
            worker: String(wire: message.worker),
            expiresAt: Timestamp(millisecondsSince1970: message.expires_at_unix_ms)
        )
    }

    func write(to message: inout Taskwire__V1__Lease, in arena: Arena) throws(TaskwireError) {
        unsafe message.worker = try arena.string(worker, "worker")
        message.expires_at_unix_ms = expiresAt.millisecondsSince1970
    }
}

internal import CTaskwireProtos
package import Taskwire

/// The reply of `Ping`.
package struct PingReply: Sendable, Hashable {
    /// The server's clock.
    package var time: Timestamp

    /// A reply.
    package init(time: Timestamp) {
        self.time = time
    }
}

extension PingReply: MessageReadable, MessageWritable {
    static let descriptor = unsafe MessageDescriptor(taskwire__v1__ping_reply__init)

    init(_ message: Taskwire__V1__PingReply) throws(TaskwireError) {
        self.init(time: Timestamp(millisecondsSince1970: message.time_unix_ms))
    }

    func write(to message: inout Taskwire__V1__PingReply, in arena: Arena) throws(TaskwireError) {
        message.time_unix_ms = time.millisecondsSince1970
    }
}

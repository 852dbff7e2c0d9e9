internal import CTaskwireProtos
internal import Taskwire

/// What `Ping`, `CheckHealth`, `GetServerInfo`, `GetStats`, `GetDescriptors` and `StartBackup` need: nothing. None of their requests
/// has a field, so that one type encodes them all.
package struct EmptyRequest: Sendable, Hashable {
    /// The request without fields.
    package init() {}
}

extension EmptyRequest: MessageReadable, MessageWritable {
    static let descriptor = unsafe MessageDescriptor(taskwire__v1__ping_request__init)

    init(_ message: Taskwire__V1__PingRequest) throws(TaskwireError) {}

    func write(to message: inout Taskwire__V1__PingRequest, in arena: Arena) throws(TaskwireError) {}
}

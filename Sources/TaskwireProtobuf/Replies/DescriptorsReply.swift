internal import CTaskwireProtos
internal import Taskwire

/// The reply of `GetDescriptors`.
package struct DescriptorsReply: Sendable, Hashable {
    /// An encoded google.protobuf.FileDescriptorSet.
    package var fileDescriptorSet: [UInt8]

    /// A reply.
    package init(fileDescriptorSet: [UInt8]) {
        self.fileDescriptorSet = fileDescriptorSet
    }
}

extension DescriptorsReply: MessageReadable, MessageWritable {
    static let descriptor = unsafe MessageDescriptor(taskwire__v1__get_descriptors_reply__init)

    init(_ message: Taskwire__V1__GetDescriptorsReply) throws(TaskwireError) {
        self.init(fileDescriptorSet: [UInt8](wire: message.file_descriptor_set))
    }

    func write(to message: inout Taskwire__V1__GetDescriptorsReply, in arena: Arena) throws(TaskwireError) {
        message.file_descriptor_set = try arena.bytes(fileDescriptorSet)
    }
}

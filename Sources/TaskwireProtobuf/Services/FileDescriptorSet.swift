internal import CTaskwireProtos

extension ServiceDescriptor {
    /// The compiled google.protobuf.FileDescriptorSet of `Protos/`.
    package static var fileDescriptorSet: [UInt8] {
        let count = taskwire_v1_descriptor_set_size
        return unsafe [UInt8](UnsafeBufferPointer(start: taskwire_v1_descriptor_set, count: count))
    }
}

internal import CTaskwireProtos
internal import Taskwire

/// Memory for decoding or encoding one message: taken piece by piece, given back all at once by ``reset()``.
///
/// Unpacking can take 72 times the memory of the encoded bytes. Past ``limit`` the arena hands out nothing
/// more, and unpacking then fails cleanly.
///
/// `@unchecked Sendable` is safe as long as an arena has one user at a time: ``ArenaPool`` lends it to one
/// caller for the length of a synchronous closure. Nothing that is Sendable points into an arena.
@safe
package final class Arena: @unchecked Sendable {
    /// What one use may take unless told otherwise: 16 MiB.
    package static let defaultLimit = 16 << 20

    private let memory: UnsafeMutablePointer<ArenaMemory>

    /// An arena that hands out at most `limit` bytes between two resets.
    package init(limit: Int = Arena.defaultLimit) {
        unsafe memory = .allocate(capacity: 1)
        unsafe memory.initialize(to: ArenaMemory(limit: limit))
    }

    deinit {
        unsafe memory.pointee.releaseChunks(after: 0)
        unsafe memory.deinitialize(count: 1)
        unsafe memory.deallocate()
    }

    /// How many bytes one use may take.
    package var limit: Int { unsafe memory.pointee.limit }

    /// Whether somebody asked for more than ``limit`` since the last reset.
    package var isExhausted: Bool { unsafe memory.pointee.isExhausted }

    /// Takes back everything that was handed out. Only a small first chunk stays allocated.
    package func reset() {
        unsafe memory.pointee.reset()
    }

    /// Hands out `byteCount` uninitialized bytes, aligned for every generated struct.
    /// - Throws: RESOURCE_EXHAUSTED / TOO_LARGE past the limit.
    func allocate(_ byteCount: Int) throws(TaskwireError) -> UnsafeMutableRawPointer {
        guard let pointer = unsafe memory.pointee.allocate(byteCount) else {
            throw tooLarge(.resourceExhausted, "encoding")
        }
        return unsafe pointer
    }

    /// Unpacks bytes that passed ``MessageDescriptor/check(_:)``.
    /// - Throws: INVALID_ARGUMENT / TOO_LARGE past the limit, INVALID_ARGUMENT / MALFORMED_MESSAGE.
    func unpack<Generated>(
        _ bytes: UnsafeRawBufferPointer,
        as descriptor: MessageDescriptor<Generated>
    ) throws(TaskwireError) -> UnsafePointer<Generated> {
        var allocator = unsafe ProtobufCAllocator(
            alloc: { memory, byteCount in
                unsafe memory?.assumingMemoryBound(to: ArenaMemory.self).pointee.allocate(byteCount)
            },
            // Everything is freed at once by `reset`.
            free: { _, _ in },
            allocator_data: unsafe memory
        )
        let start = unsafe bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
        let message = unsafe protobuf_c_message_unpack(descriptor.pointer, &allocator, bytes.count, start)
        guard let message = unsafe message else {
            throw isExhausted
                ? tooLarge(.invalidArgument, "decoding")
                : TaskwireError(.invalidArgument, .malformedMessage, "\(descriptor.name): malformed")
        }
        return unsafe UnsafeRawPointer(message).assumingMemoryBound(to: Generated.self)
    }

    private func tooLarge(_ code: TaskwireError.Code, _ activity: String) -> TaskwireError {
        TaskwireError(code, .tooLarge, "\(activity) takes more than \(limit) bytes of memory")
    }
}

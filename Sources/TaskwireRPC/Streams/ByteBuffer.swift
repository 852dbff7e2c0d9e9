internal import Glibc

/// Bytes in memory of their own, which are appended at the end and taken from the front.
///
/// The memory is there only while bytes are, or room for some is asked for.
///
/// `@unchecked Sendable` is safe: the memory belongs to the buffer, of which there is no copy.
@safe struct ByteBuffer: ~Copyable, @unchecked Sendable {
    private var memory: UnsafeMutableRawPointer?
    private(set) var capacity = 0
    /// The offset of the first byte.
    private var start = 0
    /// The offset behind the last byte.
    private var end = 0

    init() {}

    deinit {
        unsafe Glibc.free(memory)
    }

    /// The bytes that it holds.
    var count: Int { end - start }

    /// The bytes that have room behind those that are there, without moving any.
    var room: Int { capacity - end }

    var isEmpty: Bool { start == end }

    /// The bytes, valid until the next change.
    var bytes: UnsafeRawBufferPointer {
        unsafe UnsafeRawBufferPointer(start: memory.map { unsafe $0 + start }, count: count)
    }

    /// The room behind the bytes, valid until the next change.
    var free: UnsafeMutableRawBufferPointer {
        unsafe UnsafeMutableRawBufferPointer(start: memory.map { unsafe $0 + end }, count: room)
    }

    /// So many bytes were written to ``free``.
    mutating func append(_ count: Int) {
        end += count
    }

    /// So many bytes at the front are done with. The others, and ``free``, stay where they are.
    mutating func remove(_ count: Int) {
        start += count
    }

    /// Gives the memory back when no bytes are there, or more than `limit` has been taken for them.
    mutating func shrink(above limit: Int) {
        guard isEmpty, capacity > limit else { return }
        unsafe Glibc.free(memory)
        unsafe memory = nil
        capacity = 0
        start = 0
        end = 0
    }

    /// Makes room for `byteCount` more behind those that are there, taking more memory than that when the buffer grows.
    mutating func reserve(_ byteCount: Int) {
        if isEmpty {
            start = 0
            end = 0
        }
        guard room < byteCount else { return }
        let needed = count + byteCount
        guard needed <= capacity, let memory = unsafe memory else {
            return resize(to: max(needed, min(capacity * 2, capacity + Self.maximumGrowth)))
        }
        unsafe memmove(memory, memory + start, count)
        end = count
        start = 0
    }

    /// Takes memory for `newCapacity` bytes, which must hold those that are there.
    mutating func resize(to newCapacity: Int) {
        let held = count
        guard let larger = unsafe malloc(newCapacity) else { fatalError("out of memory") }
        if let memory = unsafe memory {
            unsafe memcpy(larger, memory + start, held)
            unsafe Glibc.free(memory)
        }
        unsafe memory = unsafe larger
        capacity = newCapacity
        start = 0
        end = held
    }

    /// A buffer grows by no more than this beyond what is asked for.
    private static let maximumGrowth = 1 << 20
}

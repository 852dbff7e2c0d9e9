internal import Glibc
internal import Synchronization

/// One message of opaque bytes.
///
/// A message has one owner at a time. Returning it from a handler hands it over.
///
/// `@unchecked Sendable` is safe: beside the size, all that is stored is an atomic pointer that is set once
/// and cleared once, and the bytes behind it are written by the message's owner before it is handed on.
@safe package final class Message: @unchecked Sendable {
    /// The bytes; nil where there are none, and once they were discarded.
    private let storage: Atomic<UnsafeMutableRawPointer?>
    private let size: Int

    /// The most bytes that a message can have: 1 GiB.
    package static let maximumSize = 1 << 30

    /// Makes a message of `size` bytes, whose content is undefined until it is written.
    ///
    /// - Throws: ``TransportError`` with the code `messageTooLarge` above ``maximumSize``, or `outOfMemory`.
    package init(size: Int) throws(TransportError) {
        guard size <= Self.maximumSize else {
            throw TransportError(
                code: .messageTooLarge,
                message: "A message cannot have \(size) bytes; the most is \(Self.maximumSize)."
            )
        }
        let memory = unsafe size > 0 ? malloc(size) : nil
        guard unsafe size <= 0 || memory != nil else {
            throw TransportError(
                code: .outOfMemory,
                message: "There is no memory for a message of \(size) bytes."
            )
        }
        unsafe storage = unsafe Atomic(nil)
        self.size = max(0, size)
        unsafe storage.store(memory, ordering: .releasing)
    }

    /// Copies a message. Nil when there is no memory.
    package init?(copying bytes: UnsafeRawBufferPointer) {
        let memory = unsafe bytes.isEmpty ? nil : malloc(bytes.count)
        guard unsafe bytes.isEmpty || memory != nil else { return nil }
        if let memory = unsafe memory, let start = bytes.baseAddress {
            unsafe memcpy(memory, start, bytes.count)
        }
        unsafe storage = unsafe Atomic(nil)
        size = bytes.count
        // Whoever sees the bytes sees all of the message, however it was handed over.
        unsafe storage.store(memory, ordering: .releasing)
    }

    deinit {
        discard()
    }

    /// Frees the bytes, which nobody may be reading. What is left behind is an empty message.
    package func discard() {
        guard let memory = unsafe storage.exchange(nil, ordering: .acquiringAndReleasing) else { return }
        unsafe free(memory)
    }

    /// The number of bytes; 0 once they were discarded.
    package var count: Int {
        unsafe storage.load(ordering: .acquiring) == nil ? 0 : size
    }

    /// Calls `body` with the bytes, which are valid only during the call.
    package func withUnsafeBytes<Output, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Output
    ) throws(Failure) -> Output {
        try unsafe withUnsafeMutableBytes { bytes throws(Failure) in
            try unsafe body(UnsafeRawBufferPointer(bytes))
        }
    }

    /// Calls `body` with the bytes for writing; they are valid only during the call.
    package func withUnsafeMutableBytes<Output, Failure: Error>(
        _ body: (UnsafeMutableRawBufferPointer) throws(Failure) -> Output
    ) throws(Failure) -> Output {
        let memory = unsafe storage.load(ordering: .acquiring)
        // The bytes must not be freed while `body` uses them.
        defer { withExtendedLifetime(self) {} }
        return try unsafe body(UnsafeMutableRawBufferPointer(start: memory, count: memory == nil ? 0 : size))
    }
}

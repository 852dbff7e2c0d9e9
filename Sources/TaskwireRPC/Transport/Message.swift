internal import CNNG
internal import Synchronization

/// One message of opaque bytes, held in the memory that nng sends from and receives into.
///
/// A message has one owner at a time. Giving it to ``RequestSocket/exchange(_:deadline:)`` or returning it
/// from a handler gives the bytes away: what is left behind is an empty message.
///
/// `@unchecked Sendable` is safe: beside the ledger, all that is stored is an atomic pointer that is set once and
/// cleared once, and the bytes behind it are written by the message's owner before it is handed on.
@safe package final class Message: @unchecked Sendable {
    /// The `nng_msg`, or nil once it belongs to nng again.
    private let storage: Atomic<UnsafeMutableRawPointer?>
    /// Where the bytes are counted as long as they are held here.
    private let ledger: ByteLedger?

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
        var message: OpaquePointer?
        let result = unsafe nng_msg_alloc(&message, max(0, size))
        guard result == 0, let message = unsafe message else {
            throw TransportError(
                code: .outOfMemory,
                message: "There is no memory for a message of \(size) bytes."
            )
        }
        unsafe storage = unsafe Atomic(UnsafeMutableRawPointer(message))
        ledger = nil
    }

    /// Takes ownership of a message that nng hands over. Its bytes are counted in `ledger` until they are gone.
    init(adopting message: OpaquePointer, ledger: ByteLedger? = nil) {
        unsafe storage = unsafe Atomic(UnsafeMutableRawPointer(message))
        self.ledger = ledger
        unsafe ledger?.charge(nng_msg_len(message))
    }

    deinit {
        discard()
    }

    /// Frees the bytes, which nobody may be reading. What is left behind is an empty message.
    package func discard() {
        if let message = unsafe release() {
            unsafe nng_msg_free(message)
        }
    }

    /// The number of bytes; 0 once the message has been given away.
    package var count: Int {
        guard let message = unsafe pointer else { return 0 }
        return unsafe nng_msg_len(message)
    }

    /// Calls `body` with the bytes, which are valid only during the call.
    package func withUnsafeBytes<Output, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Output
    ) throws(Failure) -> Output {
        guard let message = unsafe pointer else {
            return try unsafe body(UnsafeRawBufferPointer(start: nil, count: 0))
        }
        // The message must not be freed while `body` reads it.
        defer { withExtendedLifetime(self) {} }
        return try unsafe body(
            UnsafeRawBufferPointer(start: nng_msg_body(message), count: nng_msg_len(message))
        )
    }

    /// Calls `body` with the bytes for writing; they are valid only during the call.
    package func withUnsafeMutableBytes<Output, Failure: Error>(
        _ body: (UnsafeMutableRawBufferPointer) throws(Failure) -> Output
    ) throws(Failure) -> Output {
        guard let message = unsafe pointer else {
            return try unsafe body(UnsafeMutableRawBufferPointer(start: nil, count: 0))
        }
        defer { withExtendedLifetime(self) {} }
        return try unsafe body(
            UnsafeMutableRawBufferPointer(start: nng_msg_body(message), count: nng_msg_len(message))
        )
    }

    /// Gives the `nng_msg` away; the caller frees it or hands it to nng. Nil when that has happened before.
    func release() -> OpaquePointer? {
        guard let pointer = unsafe storage.exchange(nil, ordering: .acquiringAndReleasing) else { return nil }
        let message = OpaquePointer(pointer)
        unsafe ledger?.credit(nng_msg_len(message))
        return unsafe message
    }

    private var pointer: OpaquePointer? {
        unsafe storage.load(ordering: .acquiring).map { OpaquePointer($0) }
    }
}

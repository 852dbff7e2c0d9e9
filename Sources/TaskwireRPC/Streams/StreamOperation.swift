internal import CNNG

/// An `nng_aio`: what a stream, a listener or a dialer needs for one operation at a time.
///
/// `@unchecked Sendable` is safe: nng locks what is behind the pointer, and the owner has one operation under way at a
/// time.
@safe struct StreamOperation: @unchecked Sendable {
    /// nng calls it when the operation has ended, on one of its own threads.
    typealias Callback = @convention(c) (UnsafeMutableRawPointer?) -> Void

    let pointer: OpaquePointer

    /// An operation whose end is told to `owner`, which nng does not retain; the owner stays alive until ``reap()``.
    /// - Throws: ``TransportError`` with the code `outOfMemory`.
    init(of owner: AnyObject, _ callback: Callback) throws(TransportError) {
        try unsafe self.init(callback, Unmanaged.passUnretained(owner).toOpaque())
    }

    /// An operation whose end is told to nobody, which saves the change to another thread.
    /// - Throws: ``TransportError`` with the code `outOfMemory`.
    init() throws(TransportError) {
        try unsafe self.init(nil, nil)
    }

    private init(_ callback: Callback?, _ argument: UnsafeMutableRawPointer?) throws(TransportError) {
        var pointer: OpaquePointer?
        let result = unsafe nng_aio_alloc(&pointer, callback, argument)
        guard result == 0, let pointer = unsafe pointer else {
            throw TransportError(result: result, action: "Preparing an operation")
        }
        unsafe self.pointer = unsafe pointer
    }

    /// The result of the last operation: 0, or the number of nng's error.
    var result: Int32 { unsafe nng_aio_result(pointer) }

    /// Bytes that the last operation moved.
    var byteCount: Int { unsafe nng_aio_count(pointer) }

    /// The stream that the last operation of a listener or dialer made.
    func takeStream() -> OpaquePointer? {
        unsafe nng_aio_get_output(pointer, 0).map { OpaquePointer($0) }
    }

    /// The bytes that the next operation sends or fills, which stay where they are until it has ended.
    func setBytes(_ bytes: UnsafeRawBufferPointer) {
        var part = unsafe nng_iov(
            iov_buf: UnsafeMutableRawPointer(mutating: bytes.baseAddress),
            iov_len: bytes.count
        )
        unsafe nng_aio_set_iov(pointer, 1, &part)
    }

    /// Limits the time of the next operation; nil sets no limit.
    func setTimeout(_ timeout: Duration?) {
        let milliseconds = timeout.map { nng_duration(clamping: max(1, Int64($0 / .milliseconds(1)))) }
        unsafe nng_aio_set_timeout(pointer, milliseconds ?? NNG_DURATION_INFINITE)
    }

    /// Asks for an early end of the operation that is under way.
    func cancel() {
        unsafe nng_aio_cancel(pointer)
    }

    /// Returns when the operation that is under way has ended.
    func wait() {
        unsafe nng_aio_wait(pointer)
    }

    /// Has nng free it on a thread of its own, when its callback has returned.
    func reap() {
        unsafe nng_aio_reap(pointer)
    }
}

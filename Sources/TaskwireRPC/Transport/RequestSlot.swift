internal import CNNG
internal import Synchronization

/// A REQ context and the asynchronous operation that drives it: what one exchange at a time needs of nng.
///
/// `@unchecked Sendable` is safe: the pointer is set once, in `init`, nng locks the operation behind it, and
/// the engine lets one exchange at a time use the slot.
@safe final class RequestSlot: @unchecked Sendable {
    let context: nng_ctx
    /// The `nng_aio`. Its callback holds this slot unretained; the engine frees it before it lets the slot go.
    private(set) var operation: OpaquePointer?
    /// The exchange that uses the slot now.
    let exchange = Mutex<Exchange?>(nil)

    private let onCompletion: @Sendable (RequestSlot) -> Void

    /// Opens a context on `socket`. `onCompletion` is called on nng's threads.
    init(
        socket: nng_socket,
        onCompletion: @escaping @Sendable (RequestSlot) -> Void
    ) throws(TransportError) {
        var context = nng_ctx()
        let result = unsafe nng_ctx_open(&context, socket)
        self.context = context
        self.onCompletion = onCompletion
        guard result == 0 else {
            throw TransportError(result: result, action: "Opening a request context")
        }
        let allocation = unsafe nng_aio_alloc(
            &operation,
            { argument in
                guard let argument = unsafe argument else { return }
                let slot = unsafe Unmanaged<RequestSlot>.fromOpaque(argument).takeUnretainedValue()
                CallbackExecutor.runCallback { slot.onCompletion(slot) }
            },
            unsafe Unmanaged.passUnretained(self).toOpaque()
        )
        guard allocation == 0 else {
            nng_ctx_close(context)
            throw TransportError(result: allocation, action: "Making a request operation")
        }
    }

    /// Waits for a running callback and frees the operation. Never call it on nng's threads.
    func free() {
        unsafe nng_aio_stop(operation)
        unsafe nng_aio_free(operation)
    }
}

internal import CNNG
internal import Dispatch
internal import Synchronization

/// One attempt to connect.
///
/// `@unchecked Sendable` is safe: the pointers are set once, in `init`, nng locks what is behind them, and the dialing is
/// posted and cancelled under the one lock.
@safe final class StreamDial: @unchecked Sendable {
    /// A stream that stands, or the number of nng's error.
    @safe enum Outcome {
        case stream(OpaquePointer)
        case failure(Int32)
    }

    /// prepared → cancelled or dialing; cancelled, dialing → ended.
    private enum Phase {
        case prepared
        case cancelled
        case dialing
        /// The operation belongs to nng, which frees it.
        case ended
    }

    private let dialer: OpaquePointer
    private let phase = Mutex(Phase.prepared)
    private let onEnd: @Sendable (Outcome) -> Void
    /// Set in `init`, once.
    private var operation: StreamOperation!

    /// Prepares an attempt at `endpoint`; `onEnd` is called once, on one of nng's threads.
    /// - Throws: ``TransportError`` that says what of the endpoint is wrong, or `outOfMemory`.
    init(to endpoint: Endpoint, onEnd: @escaping @Sendable (Outcome) -> Void) throws(TransportError) {
        let action = "Connecting to \(endpoint.address)"
        var allocated: OpaquePointer?
        var result = unsafe nng_stream_dialer_alloc(&allocated, endpoint.address.description)
        guard result == 0, let dialer = unsafe allocated else {
            throw TransportError(result: result, action: action)
        }
        switch endpoint.address.transport {
        case .ipc, .abstract:
            break
        case .tcp, .tls:
            unsafe nng_stream_dialer_set_bool(dialer, NNG_OPT_TCP_NODELAY, true)
            unsafe nng_stream_dialer_set_bool(dialer, NNG_OPT_TCP_KEEPALIVE, true)
            if let tls = endpoint.tls {
                result = unsafe nng_stream_dialer_set_ptr(
                    dialer,
                    NNG_OPT_TLS_CONFIG,
                    UnsafeMutableRawPointer(tls.configuration)
                )
            }
        }
        guard result == 0 else {
            unsafe nng_stream_dialer_free(dialer)
            throw TransportError(result: result, action: action)
        }
        unsafe self.dialer = unsafe dialer
        self.onEnd = onEnd
        do throws(TransportError) {
            operation = try unsafe StreamOperation(of: self) { argument in
                guard let argument = unsafe argument else { return }
                // Balances the retain in `start`.
                let dial = unsafe Unmanaged<StreamDial>.fromOpaque(argument).takeRetainedValue()
                CallbackExecutor.runCallback { dial.ended() }
            }
        } catch {
            unsafe nng_stream_dialer_free(dialer)
            throw error
        }
    }

    /// Begins the attempt, which may take that long; nil for as long as the system lets it. To be called once.
    func start(timeout: Duration?) {
        _ = unsafe Unmanaged.passRetained(self)
        operation.setTimeout(timeout)
        phase.withLock { phase in
            unsafe nng_stream_dialer_dial(dialer, operation.pointer)
            // nng forgets a cancellation that comes before the start.
            if phase == .cancelled { operation.cancel() } else { phase = .dialing }
        }
    }

    /// Gives the attempt up; it then ends with a failure, unless it has just ended.
    func cancel() {
        phase.withLock { phase in
            switch phase {
            case .prepared, .cancelled: phase = .cancelled
            case .dialing: operation.cancel()
            case .ended: break
            }
        }
    }

    private func ended() {
        let result = operation.result
        if result == 0, let stream = unsafe operation.takeStream() {
            unsafe onEnd(.stream(stream))
        } else {
            onEnd(.failure(result))
        }
        phase.withLock { $0 = .ended }
        operation.reap()
        // It waits for a look-up of a name that may be going on.
        DispatchQueue.global().async {
            unsafe nng_stream_dialer_free(self.dialer)
        }
    }
}

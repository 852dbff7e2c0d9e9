internal import CNNG
internal import Dispatch
internal import Synchronization

/// Accepts streams at one address until it is closed, whatever happens to one of them.
///
/// `@unchecked Sendable` is safe: the pointers are set once, in `init`, nng locks what is behind them, and accepts are
/// posted, and the listener closed, under the one lock.
@safe final class StreamListener: @unchecked Sendable {
    /// idle → accepting → closed.
    private enum Phase {
        case idle
        case accepting
        case closed
    }

    /// The address, with the port that the system chose.
    let address: Address

    private let listener: OpaquePointer
    private let file: SocketFile?
    private let phase = Mutex(Phase.idle)
    /// Takes the streams that come in at the address, on one of nng's threads.
    private let onAccept: @Sendable (OpaquePointer, Address) -> Void
    /// Set in `init`, once.
    private var operation: StreamOperation!

    /// The pause after an accept that failed, as for lack of a descriptor or of memory.
    private static let pause = DispatchTimeInterval.milliseconds(100)

    /// Binds the address; connections wait until ``start()``.
    /// - Throws: ``TransportError``: `addressInUse`, `addressInvalid`, `permissionDenied`, `outOfMemory`.
    init(
        _ address: Address,
        options: ListenerOptions,
        onAccept: @escaping @Sendable (OpaquePointer, Address) -> Void
    ) throws(TransportError) {
        var file: SocketFile?
        if case .ipc(let path) = address.transport {
            file = try SocketFile(path: path, address: address, isForEverybody: options.isForEverybody)
        }
        do throws(TransportError) {
            let listener = try unsafe Self.listen(on: address, options)
            unsafe self.listener = unsafe listener
            self.address = unsafe Self.bound(address, listener)
        } catch {
            file?.release()
            throw error
        }
        self.file = file
        unsafe self.onAccept = unsafe onAccept
        do throws(TransportError) {
            operation = try unsafe StreamOperation(of: self) { argument in
                guard let argument = unsafe argument else { return }
                let listener = unsafe Unmanaged<StreamListener>.fromOpaque(argument).takeUnretainedValue()
                CallbackExecutor.runCallback { listener.acceptEnded() }
            }
        } catch {
            unsafe nng_stream_listener_free(listener)
            file?.release()
            throw error
        }
    }

    private static func listen(
        on address: Address,
        _ options: ListenerOptions
    ) throws(TransportError) -> OpaquePointer {
        var allocated: OpaquePointer?
        var result = unsafe nng_stream_listener_alloc(&allocated, address.description)
        guard result == 0, let listener = unsafe allocated else {
            throw TransportError(result: result, action: "Listening on \(address)")
        }
        switch address.transport {
        case .ipc:
            result = unsafe nng_stream_listener_set_int(
                listener,
                NNG_OPT_IPC_PERMISSIONS,
                options.isForEverybody ? 0o666 : 0o600
            )
        case .abstract:
            break
        case .tcp, .tls:
            unsafe nng_stream_listener_set_bool(listener, NNG_OPT_TCP_NODELAY, true)
            unsafe nng_stream_listener_set_bool(listener, NNG_OPT_TCP_KEEPALIVE, true)
            if let tls = options.tls {
                result = unsafe nng_stream_listener_set_ptr(
                    listener,
                    NNG_OPT_TLS_CONFIG,
                    UnsafeMutableRawPointer(tls.configuration)
                )
            }
        }
        if result == 0 { result = unsafe nng_stream_listener_listen(listener) }
        guard result == 0 else {
            unsafe nng_stream_listener_free(listener)
            if result == resultCode(NNG_EADDRINUSE) { throw .addressInUse(address) }
            throw TransportError(result: result, action: "Listening on \(address)")
        }
        return unsafe listener
    }

    /// The address with the port that was bound.
    private static func bound(_ address: Address, _ listener: OpaquePointer) -> Address {
        var number: Int32 = 0
        guard unsafe nng_stream_listener_get_int(listener, NNG_OPT_TCP_BOUND_PORT, &number) == 0 else {
            return address
        }
        let port = UInt16(truncatingIfNeeded: number)
        return switch address.transport {
        case .tcp(let host, _): Address(.tcp(host: host, port: port))
        case .tls(let host, _): Address(.tls(host: host, port: port))
        case .ipc, .abstract: address
        }
    }

    /// Accepts from now on. Harmless when repeated.
    func start() {
        phase.withLock { phase in
            guard case .idle = phase else { return }
            phase = .accepting
            // Balanced by the end of accepting: nng's callback refers to it without a count.
            _ = unsafe Unmanaged.passRetained(self)
            post()
        }
    }

    private func post() {
        unsafe nng_stream_listener_accept(listener, operation.pointer)
    }

    /// nng's callback.
    private func acceptEnded() {
        let result = operation.result
        if result == 0, let stream = unsafe operation.takeStream() { unsafe onAccept(stream, address) }
        if result == 0 || result == resultCode(NNG_ECLOSED) {
            goOn()
        } else {
            DispatchQueue.global().asyncAfter(deadline: .now() + Self.pause) { self.goOn() }
        }
    }

    private func goOn() {
        let isClosed = phase.withLock { phase in
            if case .closed = phase { return true }
            post()
            return false
        }
        if isClosed {
            free()
            // Balances the retain in `start()`.
            unsafe Unmanaged.passUnretained(self).release()
        }
    }

    /// Accepts no more, and takes the socket file away. Connections stay. Harmless when repeated.
    func close() {
        let last = phase.withLock { phase in
            defer { phase = .closed }
            if case .closed = phase { return phase }
            unsafe nng_stream_listener_close(listener)
            return phase
        }
        // Otherwise the accept that is under way, or a pause, comes to an end and frees it.
        if case .idle = last { free() }
    }

    /// Lets another server have the path, once the listener is closed.
    func release() {
        close()
        file?.release()
    }

    private func free() {
        operation.reap()
        // It waits for nng's other threads, which the callback's must not do.
        DispatchQueue.global().async {
            unsafe nng_stream_listener_free(self.listener)
        }
    }
}

internal import Synchronization

/// The client's end: sends requests to a server and gets their replies.
///
/// The connection is made when the first request needs it, and made again when it is lost while requests wait: to another
/// server where there are several. Any number of tasks may use one socket at a time: each request leaves as a message of
/// its own, those that are made at the same time together. ``close()`` ends it; a socket that is merely dropped frees
/// everything as well, a little later.
package final class RequestSocket: Sendable {
    /// What a socket needs to know.
    package struct Configuration: Sendable {
        /// Where servers listen, each of which serves the same; at least one.
        package var endpoints: [Endpoint]
        /// The largest message, in bytes, that is sent or accepted.
        package var maximumMessageSize = 4 << 20
        /// The most exchanges in flight; more callers wait their turn, in order.
        package var maximumExchanges = 16_384 + 4096
        /// The pause before the first attempt to connect again, once all endpoints have failed; it doubles each time.
        package var minimumBackoff = Duration.milliseconds(20)
        /// The longest pause between two attempts to connect.
        package var maximumBackoff = Duration.seconds(1)
        /// The time after which the connection to a server that reads no request is given up.
        package var sendTimeout = Duration.seconds(30)
        /// How long an exchange waits for a connection before it fails with the reason why there is none;
        /// nil waits until the exchange's deadline.
        package var failFast: Duration?

        /// Makes a configuration for servers at `endpoints`, everything else at its default.
        package init(endpoints: [Endpoint]) {
            self.endpoints = endpoints
        }

        /// Makes a configuration for the server at `address`, everything else at its default.
        package init(address: Address) {
            self.init(endpoints: [Endpoint(address)])
        }
    }

    private let engine: RequestEngine

    /// Makes a socket. It connects when the first exchange needs it.
    package init(configuration: Configuration) {
        engine = RequestEngine(configuration: configuration)
    }

    deinit {
        engine.beginClosing()
    }

    /// Where the server listens that there is a connection to, or was one last; nil before the first.
    package var peer: Address? {
        engine.peer
    }

    /// The same as a name for people; before the first connection all addresses.
    package var peerName: String {
        engine.peerName
    }

    /// The number of connections so far; it tells one from the next.
    package var connectionCount: UInt64 {
        engine.connectionCount
    }

    /// Whether there is a connection.
    package var isConnected: Bool {
        engine.isConnected
    }

    /// Why there is no connection: the outcome of the last attempt at each address. Nil while connected and before the
    /// first.
    package var connectFailure: TransportError? {
        engine.connectFailure
    }

    /// Sends a request of `byteCount` bytes, which `write` fills in at once, and tells `receiver` of the outcome, perhaps
    /// before this returns. Requests are never sent twice.
    ///
    /// The errors are: `timedOut` at the deadline, `cancelled` when it is abandoned, `connectionReset` when the connection is
    /// lost after sending, `messageTooLarge`, `outOfMemory`, `closed`, and with `failFast` why there is no connection. A
    /// request that is given up may have been carried out: the error's `mayHaveBeenSent` tells.
    ///
    /// - Parameter deadline: The instant of giving up; nil waits for ever.
    /// - Returns: The number to ``abandon(_:)`` it by; nil when it has ended.
    package func send(
        byteCount: Int,
        to receiver: any ReplyReceiver,
        deadline: ContinuousClock.Instant? = nil,
        _ write: (UnsafeMutableRawBufferPointer) -> Void
    ) -> ExchangeID? {
        unsafe engine.send(byteCount: byteCount, to: receiver, deadline: deadline, write)
    }

    /// Gives up an exchange, which then ends with `cancelled` unless it has ended.
    package func abandon(_ id: ExchangeID) {
        engine.abandon(id)
    }

    /// Sends a message and returns the reply.
    /// - Throws: ``TransportError``, as ``send(byteCount:to:deadline:_:)``; `cancelled` when the task is cancelled.
    package func exchange(
        _ message: Message,
        deadline: ContinuousClock.Instant? = nil
    ) async throws(TransportError) -> Message {
        let caller = MessageCaller()
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                caller.begin(continuation, on: self, message, deadline)
            }
        } onCancel: {
            caller.cancel(on: self)
        }
        return try outcome.get()
    }

    /// Ends all pending exchanges with `closed` and frees everything; harmless when repeated.
    package func close() async {
        engine.beginClosing()
        await engine.closed.wait()
    }
}

/// A caller of ``RequestSocket/exchange(_:deadline:)``.
private final class MessageCaller: ReplyReceiver {
    typealias Outcome = Result<Message, TransportError>

    private let continuation = Mutex<CheckedContinuation<Outcome, Never>?>(nil)
    private let call = CancellableExchange()

    func begin(
        _ continuation: CheckedContinuation<Outcome, Never>,
        on socket: RequestSocket,
        _ message: Message,
        _ deadline: ContinuousClock.Instant?
    ) {
        self.continuation.withLock { $0 = continuation }
        let hasBegun = call.begin(on: socket) {
            unsafe message.withUnsafeBytes { bytes in
                unsafe socket.send(byteCount: bytes.count, to: self, deadline: deadline) {
                    unsafe $0.copyMemory(from: bytes)
                }
            }
        }
        guard hasBegun else {
            return failed(
                TransportError(
                    code: .cancelled,
                    message: "The exchange with \(socket.peerName) was cancelled."
                )
            )
        }
    }

    func cancel(on socket: RequestSocket) { call.cancel(on: socket) }

    func received(_ reply: UnsafeRawBufferPointer) {
        guard let message = unsafe Message(copying: reply) else {
            return end(
                .failure(
                    TransportError(
                        code: .outOfMemory,
                        message: "There is no memory for a reply of \(reply.count) bytes.",
                        mayHaveBeenSent: true
                    )
                )
            )
        }
        end(.success(message))
    }

    func failed(_ error: TransportError) { end(.failure(error)) }

    private func end(_ outcome: Outcome) {
        continuation.withLock { $0.take() }?.resume(returning: outcome)
    }
}

/// The server's end: takes requests at any number of addresses and sends replies.
///
/// Call ``listen(on:)`` for each address, then ``run(handler:)`` once; ``stop(grace:)`` ends both.
package final class ReplySocket: Sendable {
    /// What a socket needs to know.
    package struct Configuration: Sendable {
        /// The largest message, in bytes, that is accepted or sent.
        package var maximumMessageSize = 4 << 20
        /// The most requests that are handled at a time, those that wait included. When all are busy each
        /// connection keeps one request back, and everybody waits.
        package var maximumContexts = 16_384 + 64
        /// The most clients that are connected at a time; more are turned away.
        package var maximumConnections = 16_384
        /// How long a client may leave a reply unread that others wait behind before it is disconnected; at most 2 s when
        /// half of the contexts wait for readers.
        package var sendTimeout = Duration.seconds(10)

        /// Makes a configuration with everything at its default.
        package init() {}
    }

    private let engine: ReplyEngine

    /// Makes a socket that listens nowhere yet.
    ///
    /// - Throws: ``TransportError`` when nng has no memory or no file descriptors for it.
    package init(configuration: Configuration = Configuration()) throws(TransportError) {
        engine = try ReplyEngine(configuration: configuration)
    }

    deinit {
        engine.abandon()
    }

    /// The number of clients that are connected.
    package var connectionCount: Int {
        engine.connectionCount
    }

    /// Bytes of the requests that are kept, and of the replies that have not left yet.
    package var heldByteCount: Int {
        engine.ledger.byteCount
    }

    /// Starts to listen at an address, and returns it with the port that was chosen where it names port 0.
    ///
    /// A socket file gets the mode 0600. Its folder is made with the mode 0700 when it is missing, and left
    /// as it is when it is not. The options may open both to everybody.
    ///
    /// - Throws: ``TransportError``: `addressInUse`, `addressInvalid`, `permissionDenied`, `closed`.
    package func listen(
        on address: Address,
        options: ListenerOptions = ListenerOptions()
    ) async throws(TransportError) -> Address {
        try await engine.listen(on: address, options: options)
    }

    /// Handles requests until the socket is stopped; to be called once. Cancelling the task stops the socket
    /// without grace.
    ///
    /// A handler runs on nng's own thread until it first waits for something, so it must never block. Nil
    /// sends no reply, and so does a reply that is larger than the limit.
    package func run(handler: @escaping @Sendable (IncomingRequest) async -> RequestAnswer) async {
        await engine.run(handler: handler)
    }

    /// Stops: takes no more connections and requests, lets running handlers finish and their replies leave,
    /// cancels those that take longer than `grace`, and frees everything. Those in a scope of
    /// ``Connection/withCancellationOnClose(_:)`` are cancelled at once. Harmless when repeated.
    ///
    /// It returns when every handler has ended: one that ignores cancellation holds it up.
    package func stop(grace: Duration) async {
        await engine.stop(grace: grace)
    }
}

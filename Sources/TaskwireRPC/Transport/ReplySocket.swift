/// The server's end: takes requests at any number of addresses and sends replies.
///
/// Call ``listen(on:options:)`` for each address, then ``run(_:)`` once; ``stop(grace:)`` ends both.
package final class ReplySocket: Sendable {
    /// What a socket needs to know.
    package struct Configuration: Sendable {
        /// The largest message, in bytes, that is accepted or sent.
        package var maximumMessageSize = 4 << 20
        /// The largest message, in bytes, that is skipped so that its client can be told and go on; a larger one ends the
        /// connection.
        package var maximumSkippedSize = 32 << 20
        /// The most clients that are connected at a time; more are turned away.
        package var maximumConnections = 16_384
        /// The most requests of one connection that are carried out at a time, those that wait included. More stay with the
        /// client until there is room.
        package var maximumCallsPerConnection = 16_384 + 4096
        /// Bytes of replies that may wait for their reader before no more of its requests are taken.
        package var maximumUnsentSize = 1 << 20
        /// The time that a client has to greet, a TLS handshake included.
        package var greetingTimeout = Duration.seconds(10)
        /// The longest pause of a client within a message.
        package var messageTimeout = Duration.seconds(30)
        /// The time after which a client that reads no reply is disconnected.
        package var sendTimeout = Duration.seconds(10)

        /// Makes a configuration with everything at its default.
        package init() {}

        var connectionLimits: SPConnectionState.Limits {
            var limits = SPConnectionState.Limits()
            limits.greetingTime = greetingTimeout
            limits.messageTime = messageTimeout
            limits.sendTime = sendTimeout
            limits.maximumCalls = maximumCallsPerConnection
            limits.maximumUnsentSize = maximumUnsentSize
            return limits
        }
    }

    private let engine: ReplyEngine

    /// Makes a socket that listens nowhere yet.
    package init(configuration: Configuration = Configuration()) {
        engine = ReplyEngine(configuration: configuration)
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

    /// Has `service` answer requests until the socket is stopped; to be called once. Clients are let in from then on.
    /// Cancelling the task stops the socket without grace.
    package func run(_ service: some RequestService) async {
        await engine.run(service)
    }

    /// Stops: lets nobody in any more, lets running handlers finish and their replies leave, cancels those that take longer
    /// than `grace`, and frees everything. Those in a scope of ``Connection/withCancellationOnClose(_:)`` are cancelled
    /// at once. Requests that come in meanwhile are handed over until no handler is running. Harmless when repeated.
    ///
    /// It returns when every handler has ended: one that ignores cancellation holds it up.
    package func stop(grace: Duration) async {
        await engine.stop(grace: grace)
    }
}

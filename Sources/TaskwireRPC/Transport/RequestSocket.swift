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

    /// Sends a request and returns its reply.
    ///
    /// The message belongs to the socket from the call on. A request that is given up may have been carried
    /// out: the error's `mayHaveBeenSent` tells. Requests are never sent twice.
    ///
    /// - Parameters:
    ///   - message: The request.
    ///   - deadline: When to give up; nil waits for ever.
    /// - Throws: ``TransportError``: `timedOut` at the deadline, `cancelled` when the task is cancelled,
    ///   `connectionReset` when the connection is lost after sending, `messageTooLarge`, `closed`, and with
    ///   `failFast` why there is no connection.
    package func exchange(
        _ message: Message,
        deadline: ContinuousClock.Instant? = nil
    ) async throws(TransportError) -> Message {
        try await engine.exchange(message, deadline: deadline)
    }

    /// Ends all pending exchanges with `closed` and frees everything; harmless when repeated.
    package func close() async {
        engine.beginClosing()
        await engine.closed.wait()
    }
}

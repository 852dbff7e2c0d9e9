/// Serves the requests that come in at a ``ReplySocket``.
package protocol RequestService: Sendable {
    /// Serves what came in one read of a connection. It runs on nng's own thread and must not block. A request that it
    /// leaves is not answered.
    func serve(_ requests: inout IncomingRequests)

    /// Returns true if a request that is coming in may take so many bytes of memory, some of which are counted already.
    func admits(_ byteCount: Int, ofWhichCounted countedByteCount: Int, from connection: Connection) -> Bool
}

/// A request as it lies in the memory of its connection, valid only until ``RequestService/serve(_:)`` returns.
@safe package struct IncomingRequest {
    /// The outcome of its way here.
    @safe package enum Content {
        /// The bytes of its message.
        case message(UnsafeRawBufferPointer)
        /// It is larger than a message may be here, by its own account, and was thrown away.
        case tooLarge(byteCount: UInt64)
        /// There was no memory for it, and it was thrown away.
        case noMemory(byteCount: UInt64)
    }

    let header: SPHeader
    package let content: Content
}

/// The requests that came in one read of a connection, in their order, and the way of their replies.
///
/// Replies that are there at once leave together, in one write. Each request is answered once, by one of the functions
/// that take one.
@safe package struct IncomingRequests: ~Copyable {
    /// The connection that they came on.
    package let connection: Connection
    /// The instant at which they came.
    package let arrival: ContinuousClock.Instant

    private let outlet: any ReplyOutlet
    private let input: SPInput
    private let deliveries: [SPDelivery]
    /// True if they were put off, and are being served now.
    package let arePostponed: Bool
    private var taken = 0
    private let writer: SPFrameWriter
    /// The replies of so many requests, framed.
    private var replies = ByteBuffer()
    private var answeredCount = 0

    /// So many bytes of replies are gathered before they leave.
    private static let gatheredSize = 4 << 10
    /// Bytes of a usual reply.
    private static let usualReplySize = 512

    init(
        _ deliveries: [SPDelivery],
        in input: SPInput,
        on connection: Connection,
        to outlet: any ReplyOutlet,
        postponedAt arrival: ContinuousClock.Instant? = nil
    ) {
        arePostponed = arrival != nil
        self.arrival = arrival ?? .now
        self.deliveries = deliveries
        self.input = input
        self.connection = connection
        self.outlet = outlet
        writer = SPFrameWriter(framing: outlet.framing)
    }

    /// Bytes of memory of the requests that are counted for the connection until they have been served.
    package var countedByteCount: Int { input.countedByteCount }

    /// The number of requests that have not been taken.
    package var count: Int { deliveries.count - taken }

    /// Takes the next request; nil when there is none.
    package mutating func next() -> IncomingRequest? {
        guard taken < deliveries.count else { return nil }
        defer { taken += 1 }
        return switch deliveries[taken] {
        case .message(let header, let body):
            unsafe IncomingRequest(
                header: header,
                content: .message(UnsafeRawBufferPointer(rebasing: input.bytes[body]))
            )
        case .tooLarge(let header, let byteCount):
            IncomingRequest(
                header: header,
                content: .tooLarge(byteCount: byteCount)
            )
        case .noMemory(let header, let byteCount):
            IncomingRequest(
                header: header,
                content: .noMemory(byteCount: byteCount)
            )
        }
    }

    /// Replies with `byteCount` bytes, which `write` fills in. One that is larger than a message may be is not sent.
    package mutating func reply(
        to request: IncomingRequest,
        byteCount: Int,
        _ write: (UnsafeMutableRawBufferPointer) -> Void
    ) {
        guard byteCount <= outlet.maximumMessageSize else { return leave(request) }
        guard byteCount < OutputQueue.largeMessageSize else {
            guard let message = try? Message(size: byteCount) else { return leave(request) }
            unsafe message.withUnsafeMutableBytes { unsafe write($0) }
            return reply(to: request, message)
        }
        let headByteCount = writer.headByteCount(request.header)
        if replies.capacity == 0 {
            replies.reserve(min(count + 1, 16) * Self.usualReplySize)
        }
        replies.reserve(headByteCount + byteCount)
        let free = unsafe replies.free
        var head = unsafe MutableRawSpan(_unsafeBytes: free)
        writer.writeHead(request.header, bodyByteCount: byteCount, to: &head)
        unsafe write(UnsafeMutableRawBufferPointer(rebasing: free[headByteCount..<headByteCount + byteCount]))
        replies.append(headByteCount + byteCount)
        answeredCount += 1
        if replies.count > Self.gatheredSize { sendGathered() }
    }

    /// Replies with a message, which belongs to the connection from now on; with nil there is no reply.
    package mutating func reply(to request: IncomingRequest, _ message: Message?) {
        sendGathered()
        outlet.finish(request.header, with: .reply(message))
    }

    /// Gives up a request, which gets no reply.
    package mutating func leave(_ request: IncomingRequest) {
        answeredCount += 1
    }

    /// Puts a request off, which the service gets once more, alone, when what this returns is called. That is to be called
    /// once, on any thread but one of nng's.
    /// - Returns: Nil when there is no memory for the request.
    package mutating func postpone(
        _ request: IncomingRequest,
        for service: any RequestService
    ) -> (@Sendable () -> Void)? {
        guard case .message(let bytes) = request.content, let message = unsafe Message(copying: bytes) else {
            return nil
        }
        connection.hold(message.count)
        return { [connection, outlet, arrival, header = request.header] in
            outlet.serve {
                unsafe message.withUnsafeBytes { bytes in
                    var requests = IncomingRequests(
                        [.message(header, body: 0..<bytes.count)],
                        in: unsafe SPInput(bytes: bytes, countedByteCount: bytes.count),
                        on: connection,
                        to: outlet,
                        postponedAt: arrival
                    )
                    service.serve(&requests)
                    requests.end()
                }
                connection.release(message.count)
            }
        }
    }

    /// Answers a request by a Swift task, which runs on this thread until it first waits for something.
    package mutating func answerLater(
        _ request: IncomingRequest,
        _ answer: @escaping @Sendable () async -> RequestAnswer
    ) {
        outlet.answer(request.header, answer)
    }

    /// Answers a request when that is ready, which takes no Swift task before.
    package mutating func answerLater(_ request: IncomingRequest, _ answer: any PendingAnswer) {
        outlet.finish(request.header, with: .pending(answer))
    }

    /// Sends what is left. Requests that nobody answered get no reply.
    mutating func end() {
        answeredCount += deliveries.count - taken
        taken = deliveries.count
        sendGathered()
    }

    private mutating func sendGathered() {
        guard answeredCount > 0 else { return }
        outlet.send(&replies, endingCalls: answeredCount)
        answeredCount = 0
    }
}

/// The way of the replies to the requests of a connection.
protocol ReplyOutlet: AnyObject, Sendable {
    var framing: SPProtocol.Framing { get }
    /// Bytes of the largest reply.
    var maximumMessageSize: Int { get }

    /// Sends replies that are framed, and ends so many calls, some of which may have no reply.
    func send(_ replies: inout ByteBuffer, endingCalls callCount: Int)

    /// Runs `body`, at whose end replies leave together.
    func serve(_ body: () -> Void)

    /// Ends a call, or sees to it that this happens later.
    func finish(_ header: SPHeader, with answer: RequestAnswer)

    /// Ends a call by a Swift task, which runs on this thread until it first waits for something.
    func answer(_ header: SPHeader, _ answer: @escaping @Sendable () async -> RequestAnswer)
}

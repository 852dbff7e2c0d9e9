package import TaskwireRPC

/// A request with a message of its own, which may be kept.
package struct ReceivedRequest: Sendable {
    /// The bytes that the client sent.
    package let message: Message
    /// The connection that it came on.
    package let connection: Connection
}

/// Serves requests by closures that may wait.
package struct RequestHandlers: RequestService {
    /// The reason for which a request is not handed over.
    package enum Refusal: Sendable {
        /// It is larger than a message may be, by its own account.
        case tooLarge(byteCount: UInt64)
        /// There is no memory for it.
        case noMemory(byteCount: UInt64)
    }

    private let answer: @Sendable (ReceivedRequest) async -> RequestAnswer
    private let refuse: @Sendable (Refusal, Connection) -> Message?

    /// Handlers; those that are left out refuse without a reply.
    package init(
        answer: @escaping @Sendable (ReceivedRequest) async -> RequestAnswer,
        refuse: @escaping @Sendable (Refusal, Connection) -> Message? = { _, _ in nil }
    ) {
        self.answer = answer
        self.refuse = refuse
    }

    package func admits(_ byteCount: Int, ofWhichCounted counted: Int, from connection: Connection) -> Bool {
        true
    }

    package func serve(_ requests: inout IncomingRequests) {
        let connection = requests.connection
        while let request = requests.next() {
            switch request.content {
            case .message(let bytes):
                guard let message = Message(copying: bytes) else { continue }
                let received = ReceivedRequest(message: message, connection: connection)
                requests.answerLater(request) { [answer] in await answer(received) }
            case .tooLarge(let byteCount):
                requests.reply(to: request, refuse(.tooLarge(byteCount: byteCount), connection))
            case .noMemory(let byteCount):
                requests.reply(to: request, refuse(.noMemory(byteCount: byteCount), connection))
            }
        }
    }
}

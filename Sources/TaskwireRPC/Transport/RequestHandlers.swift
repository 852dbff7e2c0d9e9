/// The handlers of what comes in at a ``ReplySocket``.
package struct RequestHandlers: Sendable {
    /// Why a request is not handed over.
    package enum Refusal: Sendable {
        /// It is larger than a message may be here, by its own account.
        case tooLarge(byteCount: UInt64)
        /// There is no memory for it at present.
        case noMemory(byteCount: UInt64)
    }

    /// Answers a request.
    ///
    /// It runs on nng's own thread until it first waits for something, so it must never block. Nil sends no reply, and so
    /// does a reply that is larger than the limit.
    package var answer: @Sendable (IncomingRequest) async -> RequestAnswer
    /// The reply to a request that is not handed over; nil sends none. It must not block.
    package var refuse: @Sendable (Refusal, Connection) -> Message?
    /// Returns true if a request that is coming in may take so many bytes of memory, some of which are counted already.
    package var admits: @Sendable (_ byteCount: Int, _ countedByteCount: Int, Connection) -> Bool

    /// Handlers; those that are left out refuse without a reply, and admit everything.
    package init(
        answer: @escaping @Sendable (IncomingRequest) async -> RequestAnswer,
        refuse: @escaping @Sendable (Refusal, Connection) -> Message? = { _, _ in nil },
        admits: @escaping @Sendable (Int, Int, Connection) -> Bool = { _, _, _ in true }
    ) {
        self.answer = answer
        self.refuse = refuse
        self.admits = admits
    }
}

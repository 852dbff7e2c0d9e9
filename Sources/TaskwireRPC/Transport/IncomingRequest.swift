/// A request that has arrived at a ``ReplySocket``.
package struct IncomingRequest: Sendable {
    /// What the client sent.
    package let message: Message
    /// The connection it came on.
    package let connection: Connection

    /// A request that came on `connection`.
    package init(message: Message, connection: Connection) {
        self.message = message
        self.connection = connection
    }
}

/// The end of an exchange, which is told of its outcome once, on any thread, and must not block.
package protocol ReplyReceiver: AnyObject, Sendable {
    /// The reply has come. Its bytes are valid only during the call.
    func received(_ reply: UnsafeRawBufferPointer)

    /// There is no reply.
    func failed(_ error: TransportError)
}

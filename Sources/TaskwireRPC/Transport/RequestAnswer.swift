/// What a handler has to say to a request.
package enum RequestAnswer: Sendable {
    /// The reply; nil for none.
    case reply(Message?)
    /// Nothing yet.
    case pending(any PendingAnswer)
}

/// An answer that has to wait for something, which may take long: meanwhile there is no Swift task for it.
package protocol PendingAnswer: Sendable {
    /// Calls `resume` once, on any thread, as soon as ``answer()`` is to be called. To be called once.
    func whenReady(_ resume: @escaping @Sendable () -> Void)

    /// Ends the wait: the connection is gone, or the socket stops. Harmless when repeated.
    func hurry()

    /// Goes on. After ``hurry()`` it has to come to an end.
    func answer() async -> RequestAnswer
}

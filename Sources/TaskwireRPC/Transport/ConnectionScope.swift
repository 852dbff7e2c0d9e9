/// What ends with a connection.
protocol ConnectionScope: AnyObject, Sendable {
    /// The connection is gone, or the socket stops. Not called on nng's threads.
    func cancel()
}

/// A request whose answer waits for something, which takes no Swift task meanwhile.
final class ParkedRequest: ConnectionScope {
    private let connection: Connection
    let answer: any PendingAnswer

    init(_ answer: any PendingAnswer, on connection: Connection) {
        self.answer = answer
        self.connection = connection
    }

    /// Calls `resume` once, as soon as there may be more to say, or nobody is left to hear it.
    func whenReady(_ resume: @escaping @Sendable () -> Void) {
        connection.open(self)
        answer.whenReady {
            self.connection.close(self)
            resume()
        }
    }

    func cancel() {
        answer.hurry()
    }
}

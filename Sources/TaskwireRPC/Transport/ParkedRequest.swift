/// A request whose answer waits for something, without a receive loop for its context.
final class ParkedRequest: ConnectionScope {
    let context: ReplyContext
    let connection: Connection
    let answer: any PendingAnswer

    init(context: ReplyContext, connection: Connection, answer: any PendingAnswer) {
        self.context = context
        self.connection = connection
        self.answer = answer
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

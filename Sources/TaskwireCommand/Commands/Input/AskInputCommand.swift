internal import ArgumentParser
internal import Taskwire
internal import TaskwireClient

/// `taskwire input ask`
struct AskInputCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ask",
        abstract: "Ask a question, wait for its answer, and write that to standard output.",
        discussion: """
            A question that was asked before under the same key is not asked again: its answer is waited for, or \
            printed at once. So a worker that begins anew gets the answers that were given already.

            The exit code is 5 when the time was over first; the question stays open.
            """
    )

    @OptionGroup var task: TaskArgument
    @OptionGroup var question: QuestionKeyArgument
    @OptionGroup var payload: PayloadArgument

    @Option(help: "How long to wait. (default: until the task has ended)", transform: DurationArgument.init)
    var timeout: DurationArgument?

    @OptionGroup var leaseToken: LeaseTokenOption
    @OptionGroup var patience: PatienceOption
    @OptionGroup var client: ClientOptions

    func run() async throws {
        let request = RequestInputRequest(
            taskID: task.id,
            key: question.key,
            payload: try payload.read(limit: client.messageLimit()),
            leaseToken: try leaseToken.bytes(for: task.id)
        )
        let answer = try await Signals.endingAtOnce {
            try await client.withClient(
                timeout: TaskFollower.callTimeout,
                connectTimeout: patience.connectTimeout
            ) { server in
                try await PayloadLimit.check(request.payload, for: server, client)
                do {
                    _ = try await server.requestInput(request, options: .default)
                } catch let error as TaskwireError where error.reason == .inputKeyUsed {
                    // Somebody asked it before, such as this worker in a former life.
                }
                // From now on a server that is away for a while is waited for: work hangs on the answer.
                let end = timeout.map { ContinuousClock.now + $0.duration }
                let patiently = PatientCalls(patience, until: end)
                return try await patiently {
                    try await server.waitForInput(question.key, of: task.id, timeout: end.map { $0 - .now })
                }
            }
        }
        guard client.json else { return try StandardOutput.write(answer.data) }
        let document: JSONValue = [
            "key": .string(question.key), "payload": answer.document(showsBytes: true),
        ]
        try client.printer.showJSON(document)
    }
}

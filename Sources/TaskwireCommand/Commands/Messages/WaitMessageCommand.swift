internal import ArgumentParser
internal import Taskwire
internal import TaskwireClient

/// `taskwire messages wait`
struct WaitMessageCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wait",
        abstract: "Wait until a message is queued, and show it as peek does.",
        discussion: """
            The message stays in the queue. The exit code is 5 when the time was over first, and 1 when the task has \
            ended and its queue is empty.
            """
    )

    @OptionGroup var task: TaskArgument

    @Option(help: "How long to wait. (default: until the task has ended)", transform: DurationArgument.init)
    var timeout: DurationArgument?

    @OptionGroup var patience: PatienceOption
    @OptionGroup var client: ClientOptions

    func run() async throws {
        let message = try await Signals.endingAtOnce {
            try await client.withClient(
                timeout: TaskFollower.callTimeout,
                connectTimeout: patience.connectTimeout
            ) { client in
                // A server that is not there at first is not waited for.
                _ = try await client.getTask(task.id, view: .basic, options: .default)
                let end = timeout.map { ContinuousClock.now + $0.duration }
                let patiently = PatientCalls(patience, until: end)
                return try await patiently {
                    try await TaskMessageQueue(of: task.id, in: client)
                        .waitForMessage(timeout: end.map { $0 - .now })
                }
            }
        }
        try client.printer.show(message)
    }
}

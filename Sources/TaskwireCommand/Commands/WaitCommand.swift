internal import ArgumentParser
internal import Taskwire
internal import TaskwireClient

/// `taskwire wait`
struct WaitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wait",
        abstract: "Wait until a task has ended, showing its progress.",
        discussion: """
            Exits with 0 when the task completed, with 6 when it failed, with 7 when it was cancelled, and with 5 \
            when the time was over first.
            """
    )

    @OptionGroup var task: TaskArgument

    @Option(help: "How long to wait. (default: until the task has ended)", transform: DurationArgument.init)
    var timeout: DurationArgument?

    @OptionGroup var patience: PatienceOption
    @OptionGroup var client: ClientOptions

    func run() async throws {
        let line = LiveLine()
        let printer = TaskPrinter(
            isJSON: false,
            palette: client.palette(isTerminal: StandardError.isTerminal)
        )
        defer { line.clear() }
        let outcome = try await Signals.endingAtOnce(cleanUp: { line.clear() }) {
            try await client.withClient(
                timeout: TaskFollower.callTimeout,
                connectTimeout: patience.connectTimeout
            ) { client in
                let follower = TaskFollower(
                    store: client,
                    taskID: task.id,
                    timeout: timeout,
                    patience: patience,
                    prepare: { line.clear() }
                )
                return try await follower.follow { line.show(printer.summary(of: $0)) }
            }
        }
        line.clear()
        try client.printer.show(outcome.task)
        if let failure = CommandFailure(outcomeOf: outcome.task, error: outcome.error) { throw failure }
    }
}

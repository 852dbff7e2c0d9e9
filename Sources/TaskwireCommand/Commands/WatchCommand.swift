internal import ArgumentParser
internal import Taskwire
internal import TaskwireClient

/// `taskwire watch`
struct WatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Print a task now and at each change, until it has ended."
    )

    @OptionGroup var task: TaskArgument

    @Option(help: "How long to watch. (default: until the task has ended)", transform: DurationArgument.init)
    var timeout: DurationArgument?

    @OptionGroup var patience: PatienceOption
    @OptionGroup var client: ClientOptions

    func run() async throws {
        let printer = client.printer
        try await Signals.endingAtOnce {
            try await client.withClient(
                timeout: TaskFollower.callTimeout,
                connectTimeout: patience.connectTimeout
            ) { client in
                let follower = TaskFollower(
                    store: client,
                    taskID: task.id,
                    timeout: timeout,
                    patience: patience
                )
                _ = try await follower.follow { state in
                    guard !printer.isJSON else { return try printer.show(state) }
                    try StandardOutput.writeLine("\(state.lastUpdatedAt)   \(printer.summary(of: state))")
                }
            }
        }
    }
}

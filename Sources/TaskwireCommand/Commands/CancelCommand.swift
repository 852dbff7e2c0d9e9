internal import ArgumentParser
internal import Taskwire
internal import TaskwireClient

/// `taskwire cancel`
struct CancelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "cancel", abstract: "Cancel a task.")

    @OptionGroup var task: TaskArgument

    @Flag(help: "Only ask for it; whoever works on the task decides.")
    var requestOnly = false

    @Option(parsing: .unconditional, help: "What to tell people about it.")
    var statusMessage: String?

    @OptionGroup var timeout: TimeoutOption
    @OptionGroup var client: ClientOptions

    func run() async throws {
        let request = CancelTaskRequest(
            taskID: task.id,
            mode: requestOnly ? .request : .immediate,
            statusMessage: statusMessage
        )
        let state = try await client.withClient(timeout: timeout.duration) { client in
            try await client.cancelTask(request, options: .default)
        }
        try client.printer.show(state)
    }
}

internal import ArgumentParser
internal import Taskwire
internal import TaskwireClient

/// `taskwire input list`
struct ListInputCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the questions of a task that nobody has answered, the oldest first."
    )

    @OptionGroup var task: TaskArgument
    @OptionGroup var timeout: TimeoutOption
    @OptionGroup var client: ClientOptions

    func run() async throws {
        let state = try await client.withClient(timeout: timeout.duration) { client in
            try await client.getTask(task.id, view: .full)
        }
        try client.printer.show(state.inputRequests)
    }
}

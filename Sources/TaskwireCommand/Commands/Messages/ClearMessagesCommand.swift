internal import ArgumentParser
internal import Taskwire
internal import TaskwireClient

/// `taskwire messages clear`
struct ClearMessagesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "clear",
        abstract: "Take all messages of a task, and list them.",
        discussion:
            "Questions among them stay open until they are answered. With --json, all bytes are shown."
    )

    @OptionGroup var task: TaskArgument
    @OptionGroup var timeout: TimeoutOption
    @OptionGroup var client: ClientOptions

    func run() async throws {
        let cleared = try await client.withClient(timeout: timeout.duration) { client in
            try await client.clearMessages(task.id)
        }
        try client.printer.show(cleared.messages)
    }
}

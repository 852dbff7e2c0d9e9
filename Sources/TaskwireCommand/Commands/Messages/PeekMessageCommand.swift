internal import ArgumentParser
internal import Taskwire
internal import TaskwireClient

/// `taskwire messages peek`
struct PeekMessageCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "peek",
        abstract: "Write the bytes of a task's oldest message to standard output, and leave it in the queue.",
        discussion: "The exit code is 1 when no message is queued."
    )

    @OptionGroup var task: TaskArgument
    @OptionGroup var timeout: TimeoutOption
    @OptionGroup var client: ClientOptions

    func run() async throws {
        let delivery = try await client.withClient(timeout: timeout.duration) { client in
            try await client.peekMessage(task.id)
        }
        try client.printer.show(delivery)
    }
}

internal import ArgumentParser
internal import Taskwire
internal import TaskwireClient

/// `taskwire messages dequeue`
struct DequeueMessageCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dequeue",
        abstract: "Take a task's oldest message and write its bytes to standard output.",
        discussion: "The exit code is 1 when no message is queued."
    )

    @OptionGroup var task: TaskArgument
    @OptionGroup var timeout: TimeoutOption
    @OptionGroup var client: ClientOptions

    func run() async throws {
        let delivery = try await client.withClient(timeout: timeout.duration) { client in
            try await client.dequeueMessage(task.id)
        }
        try client.printer.show(delivery)
    }
}

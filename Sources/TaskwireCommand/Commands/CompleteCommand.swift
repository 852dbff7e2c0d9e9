internal import ArgumentParser
internal import Taskwire
internal import TaskwireClient

/// `taskwire complete`
struct CompleteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "complete",
        abstract: "End a task with a result."
    )

    @OptionGroup var task: TaskArgument

    @Option(parsing: .unconditional, help: .init("The result: \(BytesArgument.help).", valueName: "bytes"))
    var data: BytesArgument

    @Option(help: "Media type of the result. (default: JSON, text or bytes, as it looks)")
    var contentType: String?

    @OptionGroup var leaseToken: LeaseTokenOption
    @OptionGroup var timeout: TimeoutOption
    @OptionGroup var client: ClientOptions

    func run() async throws {
        let result = try data.payload(contentType: contentType, limit: client.messageLimit())
        let token = try leaseToken.bytes(for: task.id)
        let state = try await client.withClient(timeout: timeout.duration) { server in
            try await PayloadLimit.check(result, for: server, client)
            return try await server.completeTask(task.id, result: result, leaseToken: token)
        }
        try client.printer.show(state)
    }
}

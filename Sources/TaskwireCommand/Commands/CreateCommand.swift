internal import ArgumentParser
internal import Taskwire
internal import TaskwireClient

/// `taskwire create`
struct CreateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Create a task and print its id."
    )

    @Argument(help: "The task's id, unique on the server. (default: the server makes one)")
    var id: String?

    @Option(help: "How long the task lives. (default: no limit)", transform: DurationArgument.init)
    var ttl: DurationArgument?

    @Option(
        help: "How often to look at it, a hint for others. (default: 500ms)",
        transform: DurationArgument.init
    )
    var pollInterval: DurationArgument?

    @OptionGroup var labels: LabelOptions

    @Option(
        parsing: .unconditional,
        help: .init("What the task is to do: \(BytesArgument.help).", valueName: "bytes")
    )
    var request: BytesArgument?

    @Option(help: "Media type of the request. (default: JSON, text or bytes, as it looks)")
    var contentType: String?

    @Option(parsing: .unconditional, help: "What a host may tell its model at once.")
    var immediateResponse: String?

    @Option(parsing: .unconditional, help: "What to tell people about the task.")
    var statusMessage: String?

    @OptionGroup var timeout: TimeoutOption
    @OptionGroup var client: ClientOptions

    func validate() throws {
        // A variable of a script that is not set must not become a task that nobody knows.
        guard id != "" else {
            throw ValidationError("The id is empty; leave it out and the server makes one.")
        }
    }

    func run() async throws {
        let request = CreateTaskRequest(
            taskID: id,
            ttl: ttl?.duration,
            pollInterval: pollInterval?.duration,
            labels: labels.dictionary,
            request: try request?.payload(contentType: contentType, limit: client.messageLimit()),
            immediateResponse: immediateResponse,
            statusMessage: statusMessage
        )
        let task = try await client.withClient(timeout: timeout.duration) { server in
            try await PayloadLimit.check(request.request, for: server, client)
            return try await server.createTask(request, options: .default)
        }
        client.printer.tell(ifLowered: ttl, of: task)
        guard client.json else { return try StandardOutput.writeLine(task.id) }
        try client.printer.show(task)
    }
}

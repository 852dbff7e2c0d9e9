internal import ArgumentParser
internal import Taskwire
internal import TaskwireClient

/// `taskwire messages enqueue`
struct EnqueueMessageCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "enqueue",
        abstract: "Append a message to a task's queue."
    )

    @OptionGroup var task: TaskArgument
    @OptionGroup var payload: PayloadArgument

    @Option(help: "Whether an answer is expected.")
    var kind = TaskMessage.Kind.notification

    @Option(parsing: .unconditional, help: "Names the message; a request needs one that is new in its task.")
    var key: String?

    @OptionGroup var leaseToken: LeaseTokenOption
    @OptionGroup var timeout: TimeoutOption
    @OptionGroup var client: ClientOptions

    func validate() throws {
        guard kind == .notification || key != nil else { throw ValidationError("A request needs a --key.") }
    }

    func run() async throws {
        let request = EnqueueMessageRequest(
            taskID: task.id,
            kind: kind,
            key: key ?? "",
            payload: try payload.read(limit: client.messageLimit()),
            leaseToken: try leaseToken.bytes(for: task.id)
        )
        let state = try await client.withClient(timeout: timeout.duration) { server in
            try await PayloadLimit.check(request.payload, for: server, client)
            return try await server.enqueueMessage(request, options: .default)
        }
        try client.printer.show(state)
    }
}

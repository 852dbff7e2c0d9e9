internal import ArgumentParser
internal import Taskwire
internal import TaskwireClient

/// `taskwire update`
struct UpdateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "update",
        abstract: "Change a task; what is not given stays as it is."
    )

    @OptionGroup var task: TaskArgument

    @Option(help: "The new status.")
    var status: TaskStatus?

    @Option(parsing: .unconditional, help: "What to tell people about the task.")
    var statusMessage: String?

    @Option(help: "How long the task lives, counted from its creation.", transform: DurationArgument.init)
    var ttl: DurationArgument?

    @Option(help: "How often to look at it, a hint for others.", transform: DurationArgument.init)
    var pollInterval: DurationArgument?

    @Option(
        help: .init("How far the work is: 3, or 3/10.", valueName: "current[/total]"),
        transform: ProgressArgument.init
    )
    var progress: ProgressArgument?

    @Option(help: "Refuse unless the task is at this revision.")
    var expectedRevision: UInt64?

    @OptionGroup var leaseToken: LeaseTokenOption
    @OptionGroup var timeout: TimeoutOption
    @OptionGroup var client: ClientOptions

    func validate() throws {
        let isEmpty =
            status == nil && statusMessage == nil && ttl == nil && pollInterval == nil && progress == nil
        guard !isEmpty else { throw ValidationError("Say what to change, such as --status or --progress.") }
    }

    func run() async throws {
        let request = UpdateTaskRequest(
            taskID: task.id,
            status: status,
            statusMessage: statusMessage,
            ttl: ttl?.duration,
            pollInterval: pollInterval?.duration,
            progress: progress?.progress,
            expectedRevision: expectedRevision,
            leaseToken: try leaseToken.bytes(for: task.id)
        )
        let state = try await client.withClient(timeout: timeout.duration) { client in
            try await client.updateTask(request, options: .default)
        }
        client.printer.tell(ifLowered: ttl, of: state)
        try client.printer.show(state)
    }
}

internal import ArgumentParser
internal import Taskwire
internal import TaskwireClient

/// `taskwire renew`
struct RenewCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "renew",
        abstract: "Hold a task for longer.",
        discussion: """
            Renew each third of the lease's time, so that there is time for another try. The task is printed, so that \
            the worker learns of a cancellation. The exit code is 8 when the lease is lost.
            """
    )

    @OptionGroup var task: TaskArgument

    @Argument(help: "The token that 'taskwire claim' printed.", transform: LeaseTokenArgument.init)
    var token: LeaseTokenArgument

    @Option(
        help: "How long the lease lasts from now on, 1s to 10m. (default: as long as before)",
        transform: DurationArgument.init
    )
    var lease: DurationArgument?

    @OptionGroup var timeout: TimeoutOption
    @OptionGroup var client: ClientOptions

    func validate() throws {
        try LeaseOptions.check(lease)
    }

    func run() async throws {
        let state = try await client.withClient(timeout: timeout.duration) { client in
            try await client.renewLease(task.id, leaseToken: token.bytes, lease: lease?.duration)
        }
        try client.printer.show(state)
    }
}

internal import ArgumentParser
internal import Taskwire
internal import TaskwireClient

/// `taskwire release`
struct ReleaseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "release",
        abstract: "Give a task back, so that another worker may claim it."
    )

    @OptionGroup var task: TaskArgument

    @Argument(help: "The token that 'taskwire claim' printed.", transform: LeaseTokenArgument.init)
    var token: LeaseTokenArgument

    @OptionGroup var timeout: TimeoutOption
    @OptionGroup var client: ClientOptions

    func run() async throws {
        let state = try await client.withClient(timeout: timeout.duration) { client in
            try await client.releaseLease(task.id, leaseToken: token.bytes)
        }
        try client.printer.show(state)
    }
}

internal import ArgumentParser
internal import Taskwire
internal import TaskwireClient

/// `taskwire get`
struct GetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "get", abstract: "Show a task.")

    @OptionGroup var task: TaskArgument

    @Flag(help: "Also show the bytes of request and result.")
    var full = false

    @OptionGroup var timeout: TimeoutOption
    @OptionGroup var client: ClientOptions

    func run() async throws {
        let state = try await client.withClient(timeout: timeout.duration) { client in
            try await client.getTask(task.id, view: .full, options: .default)
        }
        try client.printer.showDetails(of: state, withPayloads: full)
    }
}

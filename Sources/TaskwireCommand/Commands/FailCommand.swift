internal import ArgumentParser
internal import Taskwire
internal import TaskwireClient

/// `taskwire fail`
struct FailCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fail",
        abstract: "End a task with an error."
    )

    @OptionGroup var task: TaskArgument

    @Option(parsing: .unconditional, help: "Why it failed, in one sentence.")
    var message: String

    @Option(parsing: .unconditional, help: "JSON-RPC code of the error.")
    var code = TaskError.internalErrorCode

    @OptionGroup var leaseToken: LeaseTokenOption
    @OptionGroup var timeout: TimeoutOption
    @OptionGroup var client: ClientOptions

    func run() async throws {
        let error = TaskError(code: code, message: message)
        let token = try leaseToken.bytes(for: task.id)
        let state = try await client.withClient(timeout: timeout.duration) { client in
            try await client.failTask(task.id, error: error, leaseToken: token)
        }
        try client.printer.show(state)
    }
}

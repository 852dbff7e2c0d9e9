internal import ArgumentParser
internal import Taskwire
internal import TaskwireClient

/// `taskwire delete`
struct DeleteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete",
        abstract: "Remove a task and what came of it."
    )

    @OptionGroup var task: TaskArgument
    @OptionGroup var timeout: TimeoutOption
    @OptionGroup var client: ClientOptions

    func run() async throws {
        let wasThere = try await client.withClient(timeout: timeout.duration) { client in
            try await client.deleteTask(task.id, options: .default)
        }
        if client.json {
            let document: JSONValue = ["taskId": .string(task.id), "deleted": .bool(wasThere)]
            try client.printer.showJSON(document)
        }
        guard wasThere else {
            throw CommandFailure("Task not found: \(task.id)", exitCode: CommandFailure.Code.notFound)
        }
        if !client.json {
            try StandardOutput.writeLine("\(PlainText.line(task.id))   deleted")
        }
    }
}

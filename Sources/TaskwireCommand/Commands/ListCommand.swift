internal import ArgumentParser
internal import Taskwire
internal import TaskwireClient

/// `taskwire list`
struct ListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List tasks in the order of their creation."
    )

    @Option(help: "Only tasks in this state; may be repeated.")
    var status: [TaskStatus] = []

    @OptionGroup var labels: LabelOptions

    @Option(help: "At most so many tasks.")
    var limit = 50

    @OptionGroup var timeout: TimeoutOption
    @OptionGroup var client: ClientOptions

    func validate() throws {
        guard limit >= 1 else { throw ValidationError("--limit must be above 0") }
    }

    func run() async throws {
        let tasks = try await client.withClient(timeout: timeout.duration) { client in
            // The server knows best how large its pages may be, so it is not told. Pages may be short or empty
            // while more follow.
            var request = ListTasksRequest(statuses: Set(status), labels: labels.dictionary)
            var tasks: [TaskState] = []
            repeat {
                let page = try await client.listTasks(request)
                tasks += page.tasks
                request.cursor = page.nextCursor
            } while tasks.count < limit && !request.cursor.isEmpty
            return Array(tasks.prefix(limit))
        }
        try client.printer.show(tasks)
    }
}

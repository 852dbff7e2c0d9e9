internal import ArgumentParser
internal import Taskwire
internal import TaskwireClient

/// `taskwire input answer`
struct AnswerInputCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "answer",
        abstract: "Answer a question of a task.",
        discussion: """
            The exit code is 1 when no question is open under that key: nobody asked it, or somebody was faster, \
            whose answer counts.
            """
    )

    @OptionGroup var task: TaskArgument
    @OptionGroup var question: QuestionKeyArgument
    @OptionGroup var answer: PayloadArgument
    @OptionGroup var timeout: TimeoutOption
    @OptionGroup var client: ClientOptions

    func run() async throws {
        let response = try answer.read(limit: client.messageLimit())
        let receipt = try await client.withClient(timeout: timeout.duration) { server in
            try await PayloadLimit.check(response, for: server, client)
            return try await server.provideInput([question.key: response], for: task.id)
        }
        guard receipt.acceptedKeys.contains(question.key) else {
            throw CommandFailure("no question is open in task \(task.id) under \"\(question.key)\"")
        }
        try client.printer.show(receipt.task)
    }
}

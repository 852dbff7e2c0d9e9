internal import ArgumentParser

/// `taskwire input`
struct InputCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "input",
        abstract: "Ask questions in a task's name, and answer them.",
        discussion: """
            While a question is open the task is input_required; when the last one is answered it is working again. \
            Who asks and who answers may be on different machines.
            """,
        subcommands: [
            ListInputCommand.self,
            AnswerInputCommand.self,
            AskInputCommand.self,
        ]
    )
}

internal import ArgumentParser

/// `taskwire messages`
struct MessagesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "messages",
        abstract: "Queue messages in a task, and take them out.",
        discussion: """
            What a task has to say before its result: each message is taken once, the oldest first, in whatever \
            process. A notification just tells. A request is also a question, and the task is input_required until \
            'taskwire input answer' has answered it.
            """,
        subcommands: [
            EnqueueMessageCommand.self,
            DequeueMessageCommand.self,
            PeekMessageCommand.self,
            WaitMessageCommand.self,
            ClearMessagesCommand.self,
        ]
    )
}

internal import ArgumentParser
internal import Taskwire

/// The program `taskwire`.
@main
struct TaskwireCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "taskwire",
        abstract:
            "Keep long-running tasks on a server: create them, work on them, wait for what comes of them.",
        discussion: """
            The server's address is --url, else the environment variable TASKWIRE_URL, else a socket of this user \
            on this machine; both may list several servers that share a store. Results and --json go to standard output, everything else to standard error.

            EXIT CODES
              0    The command did what it was told.
              1    The operation was refused or failed.
              3    There is no such task.
              4    The server cannot be reached, or cannot serve now.
              5    The time was over first.
              6    The task failed (wait, result, run).
              7    The task was cancelled (wait, result, run).
              8    Another worker has the task, or the lease was lost.
              64   The command line or the configuration is wrong.
              130  Interrupted by Ctrl-C; 143 by SIGTERM.
              141  The reader of the output went away.
            """,
        version: taskwireVersion,
        groupedSubcommands: [
            CommandGroup(
                name: "Task",
                subcommands: [
                    CreateCommand.self,
                    GetCommand.self,
                    ListCommand.self,
                    WatchCommand.self,
                    WaitCommand.self,
                    ResultCommand.self,
                    CancelCommand.self,
                    DeleteCommand.self,
                ]
            ),
            CommandGroup(
                name: "Worker",
                subcommands: [
                    RunCommand.self,
                    ClaimCommand.self,
                    RenewCommand.self,
                    ReleaseCommand.self,
                    UpdateCommand.self,
                    CompleteCommand.self,
                    FailCommand.self,
                ]
            ),
            CommandGroup(name: "Conversation", subcommands: [InputCommand.self, MessagesCommand.self]),
            CommandGroup(
                name: "Server",
                subcommands: [
                    ServeCommand.self,
                    PingCommand.self,
                    HealthCommand.self,
                    InfoCommand.self,
                    StatsCommand.self,
                    BackupCommand.self,
                    RestoreCommand.self,
                    TokenCommand.self,
                    BenchCommand.self,
                ]
            ),
        ]
    )

    static func main() async {
        CommandLauncher.becomeCommandIfStartedForIt()
        StandardDescriptors.occupy()
        Signals.ignoreBrokenPipes()
        do {
            var command = try await asyncParseAsRoot()
            try RawArguments.checkText(exceptLast: (command as? RunCommand)?.command.count ?? 0)
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            leave(because: error)
        }
    }

    /// Ends the program, saying why in one line where there is something to say.
    private static func leave(because error: any Error) -> Never {
        if let failure = CommandFailure(error) {
            StandardError.complain(failure.message)
            exit(withError: ExitCode(failure.exitCode))
        }
        guard exitCode(for: error) == .validationFailure else {
            exit(withError: error)
        }
        if let unknown = UnknownWord(in: CommandLine.arguments.dropFirst(), of: Self.self) {
            let separator = unknown.message.hasSuffix("?") ? " See" : "; see"
            StandardError.complain(PlainText.line("\(unknown.message)\(separator) '\(unknown.help)'"))
            exit(withError: ExitCode.validationFailure)
        }
        // The rest of the full message, which also tells the usage, is where the help is.
        let help =
            fullMessage(for: error).firstMatch(of: /'taskwire [^'\n]*--help'/).map { "; see \($0.0)" } ?? ""
        StandardError.complain(CommandFailure.clause(PlainText.line(message(for: error))) + help)
        exit(withError: ExitCode.validationFailure)
    }
}

internal import ArgumentParser
internal import Taskwire
internal import TaskwireClient

/// `taskwire run`
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Execute a command as the work of a task.",
        usage: "taskwire run <id> [<options>] -- <command> ...",
        discussion: """
            One word is a command line for /bin/sh, several are a program and its arguments, which gets them and its \
            environment byte by byte. The bytes of the task's request are on the command's standard input. Its \
            environment has TASKWIRE_TASK_ID, TASKWIRE_LEASE_TOKEN, TASKWIRE_URL and the other variables of this \
            program's options for the server, with the whole paths of files, so that from any directory it can say how \
            far it is with 'taskwire update', and ask with 'taskwire input ask'.

            What it writes to standard output, or to the --output file, becomes the result. When it exits with \
            anything but 0, the task fails with the end of its standard error, and so it does when the command leaves \
            the --output file as it was. Where the command cannot be started here, as TMPDIR cannot be written, the task \
            is left to other workers.

            The task is held under a lease, which is renewed as long as the command runs; where another worker has \
            the task, the command is not started, and the exit code is 8. When the task is cancelled, when the lease \
            is lost because the server could not be reached in time, and when this program is told to end or is \
            killed, the command and all of its process group get SIGTERM, and after 5 s SIGKILL. Ctrl-C and SIGTERM \
            cancel the task, or with --on-loss release give it back, unless they were ignored when this program \
            started. Where somebody only asked for the cancellation, a command that then exits with 0 has completed the \
            task. A lease that was lost fails the task, or \
            releases it, and the exit code is 8 where the task goes on without this worker.

            When the command ends by itself, what it left in the background is neither waited for nor ended, and what \
            that writes is lost.
            """
    )

    @OptionGroup var task: TaskArgument

    @Option(
        help: """
            The file that holds the result when the command has ended, or a FIFO, which is then read until its \
            writers have closed it; the command's standard output is shown on standard error.
            """,
        completion: .file()
    )
    var output: String?

    @Option(help: "Media type of the result. (default: JSON, text or bytes, as it looks)")
    var contentType: String?

    @OptionGroup var lease: LeaseOptions
    @OptionGroup var timeout: TimeoutOption
    @OptionGroup var client: ClientOptions

    @Argument(
        parsing: .postTerminator,
        help: "The command, after --.",
        completion: .shellCommand("compgen -c")
    )
    var command: [String] = []

    func validate() throws {
        guard !command.isEmpty else { throw ValidationError("Give the command after --.") }
        guard output != "" else { throw ValidationError("--output is empty; give the path of a file.") }
    }

    func run() async throws {
        // Nothing is executed for a server that is not there; later on, a server that is away for a while is
        // waited for, since the work is worth it.
        let info = try await client.withClient(timeout: timeout.duration) { try await $0.serverInfo() }
        let limit = try PayloadLimit.bytes(of: info, client)
        guard limit > 0 else {
            throw CommandFailure(
                "no result can be stored: a message takes at most \(info.limits.maxMessageBytes) bytes"
            )
        }
        let work = try CommandWork(
            RawArguments.all.suffix(command.count),
            environment: client.variables.merging([LeaseTokenOption.taskVariable: task.id]) { $1 },
            onLoss: lease.onLoss,
            outputFile: output,
            contentType: contentType,
            limit: limit
        )
        let outcome = try await client.withClient(timeout: timeout.duration, connectTimeout: nil) { client in
            // This throws when it was interrupted before the command was started: nobody has to be told.
            try await Signals.interruptible(onSignal: { work.interrupt(by: $0) }) {
                try await withTaskExecution(
                    of: task.id,
                    in: client,
                    worker: lease.worker ?? defaultWorkerName,
                    lease: lease.duration,
                    onLoss: lease.onLoss
                ) { context in
                    try await work.perform(context, in: client)
                }
            }
            if let failure = work.startFailure { throw failure }
            do {
                return try await client.getResult(task.id)
            } catch is TaskwireError where work.isLeaseLost {
                throw CommandFailure(leaseLostOf: task.id)
            }
        }
        guard work.hasStarted else {
            if client.json { try client.printer.show(outcome.task) }
            throw CommandFailure(alreadyEnded: outcome.task)
        }
        try client.printer.show(outcome.task)
        guard let failure = CommandFailure(outcomeOf: outcome.task, error: outcome.error) else { return }
        if let signal = work.interruption {
            let rest = outcome.task.status.isTerminal ? "" : ", and task \(task.id) was given back"
            throw CommandFailure("interrupted by \(signal)\(rest)", exitCode: Signals.exitCode(for: signal))
        }
        throw outcome.task.status.isTerminal ? failure : CommandFailure(leaseLostOf: task.id)
    }
}

internal import ArgumentParser
internal import FoundationEssentials
internal import Glibc
internal import Taskwire
internal import TaskwireClient

/// `taskwire claim`
struct ClaimCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "claim",
        abstract: "Take a task as its worker, and print the token that proves it.",
        discussion: """
            Until the lease ends, nobody can claim the task, and only who has the token can change it: give it to \
            the --lease-token of update, complete, fail, messages enqueue and input ask, or put it into \
            TASKWIRE_LEASE_TOKEN, and the task's id into TASKWIRE_TASK_ID. Cancelling, answering and taking messages \
            need none.

            The lease has to be renewed with 'taskwire renew' before its time is over. 'taskwire run' does all that \
            by itself. The exit code is 8 when another worker has the task.
            """
    )

    @OptionGroup var task: TaskArgument
    @OptionGroup var lease: LeaseOptions
    @OptionGroup var timeout: TimeoutOption
    @OptionGroup var client: ClientOptions

    func run() async throws {
        let request = ClaimTaskRequest(
            taskID: task.id,
            worker: lease.worker ?? Self.callerName,
            lease: lease.duration,
            onLoss: lease.onLoss
        )
        let claim = try await client.withClient(timeout: timeout.duration) { client in
            try await client.claimTask(request, options: .default)
        }
        let token = LeaseTokenArgument(bytes: claim.leaseToken)
        guard client.json else { return try StandardOutput.writeLine(token.description) }
        try client.printer.showJSON(TaskDocument(task: claim.task, leaseToken: token).json)
    }

    /// The machine and the process that called this one, which is gone before the work begins.
    private static var callerName: String {
        "\(ProcessInfo.processInfo.hostName.prefix(128)):\(getppid())"
    }
}

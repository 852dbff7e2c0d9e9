internal import ArgumentParser
internal import FoundationEssentials

/// Proof of a task's lease, for commands that do what only its worker may.
struct LeaseTokenOption: ParsableArguments {
    /// The variable that names the task that a command works on.
    static let taskVariable = "TASKWIRE_TASK_ID"
    /// The variable that has the token of that task's lease.
    static let tokenVariable = "TASKWIRE_LEASE_TOKEN"

    @Option(
        help: .init(
            """
            Proof of the lease, where a worker holds the task. (default: $TASKWIRE_LEASE_TOKEN, where \
            $TASKWIRE_TASK_ID is this task)
            """,
            valueName: "token"
        ),
        transform: LeaseTokenArgument.init
    )
    var leaseToken: LeaseTokenArgument?

    /// The token for the task `taskID`; empty where none is known.
    func bytes(for taskID: String) throws -> [UInt8] {
        if let leaseToken { return leaseToken.bytes }
        let environment = ProcessInfo.processInfo.environment
        guard environment[Self.taskVariable] == taskID,
            let text = environment[Self.tokenVariable], !text.isEmpty
        else { return [] }
        do {
            return try LeaseTokenArgument(text).bytes
        } catch {
            throw CommandFailure(
                "\(Self.tokenVariable): \"\(text)\" is no lease token: \(error)",
                exitCode: CommandFailure.Code.usage
            )
        }
    }
}

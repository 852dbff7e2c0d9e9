internal import ArgumentParser
internal import Taskwire
internal import TaskwireClient

/// `taskwire result`
struct ResultCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "result",
        abstract: "Write the bytes of a task's result to standard output.",
        discussion: """
            The bytes are written as they are. A task that failed or was cancelled has none: its message goes to \
            standard error, and the exit code tells.
            """
    )

    @OptionGroup var task: TaskArgument
    @OptionGroup var timeout: TimeoutOption
    @OptionGroup var client: ClientOptions

    func run() async throws {
        let outcome = try await client.withClient(timeout: timeout.duration) { client in
            try await client.getResult(task.id, options: .default)
        }
        if client.json {
            try client.printer.showJSON(outcome.document)
        } else if let result = outcome.result {
            try StandardOutput.write(result.data)
        }
        if outcome.result == nil, let failure = CommandFailure(outcomeOf: outcome.task, error: outcome.error)
        {
            throw failure
        }
    }
}

extension TaskOutcome {
    /// The result's content type and bytes, or the error, beside the task they belong to.
    fileprivate var document: JSONValue {
        var document: [String: JSONValue] = ["status": .string(task.status.rawValue)]
        document["_meta"] = .object(
            task.relatedTaskMetadata.mapValues { .object($0.mapValues { .string($0) }) }
        )
        document["error"] = error.map(\.document)
        if case .object(let payload) = result?.document(showsBytes: true) {
            document.merge(payload) { $1 }
        }
        return .object(document)
    }
}

internal import ArgumentParser
internal import Taskwire
internal import TaskwireStorage

/// `taskwire restore`
struct RestoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Put a backup in the place of a store that no server has open.",
        discussion: """
            Run it as the user who runs the server. The backup is checked for damage first, and is not changed. One of an \
            earlier version, without a checksum, is checked as far as SQLite can, and so is the file of a store that was \
            closed. If the machine fails meanwhile there is either the old store or the new one, never something between.

            Tasks whose time was over since the backup was made expire when the server starts.
            """
    )

    @Argument(help: "What `taskwire backup` wrote.", completion: .file())
    var file: String

    @Option(
        help: .init(
            "The store, as for `taskwire serve`. (default: $TASKWIRE_STORE, else sqlite:)",
            valueName: "url"
        )
    )
    var store: String?

    @Option(
        help: "The settings of `taskwire serve`, which may say where its store is.",
        completion: .file(extensions: ["json"])
    )
    var config: String?

    @Flag(help: "Replace a store that is there.")
    var force = false

    @Flag(help: "Print JSON for programs.")
    var json = false

    func run() async throws {
        let path = try await storePath()
        let byteCount: Int64
        do {
            byteCount = try await SQLiteStorage.restore(file, to: path, isReplacing: force)
        } catch let error as TaskwireError {
            throw CommandFailure(setUp: error)
        }
        if json {
            let document: JSONValue = ["store": .string("sqlite:\(path)"), "bytes": .integer(byteCount)]
            try StandardOutput.writeLine(document.description)
        } else {
            try StandardOutput.writeLine("sqlite:\(PlainText.line(path))   \(byteCount) bytes")
        }
    }

    /// The file of the store that `taskwire serve` would open with the same options.
    private func storePath() async throws -> String {
        var arguments: [String] = []
        if let store { arguments += ["--store=\(store)"] }
        if let config { arguments += ["--config=\(config)"] }
        let settings = try await ServeSettings(of: try ServeCommand.parse(arguments))
        guard case .sqlite(let path) = settings.store else {
            throw CommandFailure(
                "only an SQLite store can be restored; say where with --store sqlite:PATH",
                exitCode: CommandFailure.Code.usage
            )
        }
        return path
    }
}

internal import ArgumentParser
internal import Glibc
internal import Synchronization
internal import Taskwire
internal import TaskwireClient

/// `taskwire backup`
struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Copy the server's store into a file, while it serves.",
        discussion: """
            The copy is a complete store with every task of every owner as it was at one moment, and a checksum; only you \
            can read it. It takes its name when it is complete. The server needs room for another copy of its store \
            meanwhile. `taskwire restore` puts a backup back.
            """
    )

    @Argument(help: "The file to write.", completion: .file())
    var file: String

    @Flag(help: "Replace a file that is there.")
    var force = false

    @Option(
        help: "How long the server may take for its copy. (default: 1h)",
        transform: DurationArgument.init
    )
    var timeout: DurationArgument?

    @OptionGroup var client: ClientOptions

    func validate() throws {
        if file == "-" { throw ValidationError("a backup cannot go to standard output; give a file") }
    }

    func run() async throws {
        let line = LiveLine()
        let unfinished = Mutex<TemporaryFile?>(nil)
        let cleanUp: @Sendable () -> Void = {
            line.clear()
            unfinished.withLock { $0?.discard() }
        }
        let byteCount: Int64
        do {
            byteCount = try await Signals.endingAtOnce(cleanUp: cleanUp) {
                try checkIsFree()
                TemporaryFile.removeAbandoned(for: file)
                let copy = try writing { try TemporaryFile(replacing: file) }
                unfinished.withLock { $0 = copy }
                let byteCount = try await fill(copy, line)
                try checkIsFree()
                try writing { try copy.takePlace() }
                return byteCount
            }
        } catch {
            cleanUp()
            throw error
        }
        line.clear()
        if client.json {
            let document: JSONValue = ["file": .string(file), "bytes": .integer(byteCount)]
            try client.printer.showJSON(document)
        } else {
            try StandardOutput.writeLine("\(PlainText.line(file))   \(byteCount) bytes")
        }
    }

    /// Copies what the server has, and returns how many bytes that were.
    private func fill(_ copy: TemporaryFile, _ line: LiveLine) async throws -> Int64 {
        try await client.withClient(timeout: .seconds(30)) { client in
            line.show("the server makes a copy")
            let options = timeout.map { CallOptions(timeout: $0.duration) } ?? .default
            return try await client.withBackup(options: options) { backup in
                var count: Int64 = 0
                for try await chunk in backup {
                    try writing { try copy.write(chunk) }
                    count += Int64(chunk.count)
                    line.show("\(count * 100 / backup.byteCount) % of \(backup.byteCount) bytes")
                }
                return count
            }
        }
    }

    /// Refuses to write over a store or anything else that is not a file, and over a file unasked.
    private func checkIsFree() throws {
        // A store that lost its file to a backup would lose its log to it, too.
        for suffix in ["-wal", "-journal"] where Self.mode(of: file + suffix) != nil {
            throw CommandFailure("\(file) is the place of a store; back up to another file")
        }
        guard let mode = Self.mode(of: file) else { return }
        guard mode & S_IFMT == S_IFREG else { throw CommandFailure("\(file) is not a regular file") }
        guard force else { throw CommandFailure("\(file) exists; --force replaces it") }
    }

    /// What is at `path`, where there is something; a symbolic link is itself, wherever it leads.
    private static func mode(of path: String) -> mode_t? {
        var status = stat()
        return lstat(path, &status) == 0 ? status.st_mode : nil
    }

    private func writing<Value>(_ body: () throws -> Value) throws -> Value {
        do { return try body() } catch { throw CommandFailure("cannot write \(file): \(error)") }
    }
}

internal import ArgumentParser
internal import SystemPackage
internal import Taskwire
internal import TaskwireServer

/// `taskwire token create`
struct CreateTokenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Make a token, print it, and tell what the server has to know of it.",
        discussion: """
            OWNER is the name of an owner, who may do everything with the own tasks; worker:OWNER, who may do \
            everything with that owner's tasks but create and delete them; or admin, who may do everything.

            The token goes to standard output and is not to be had again. Its line for the server's file is appended to \
            --tokens, or goes to standard error.
            """
    )

    @Argument(help: "Whose token it is: OWNER, worker:OWNER or admin.")
    var owner: String

    @Option(help: .init("The server's file, to append the line to.", valueName: "file"), completion: .file())
    var tokens: String?

    func run() throws {
        let principal: Principal
        do {
            principal = try Principal(owner)
        } catch let error as TaskwireError {
            throw CommandFailure(setUp: error)
        }
        let token = AccessToken.generate()
        let line = AccessToken.line(for: principal, token: token)
        if let tokens {
            try Self.append(line, toFileAt: tokens)
            StandardError.write("Added to \(tokens). A server that runs takes it after SIGHUP.\n")
        } else {
            StandardError.write("For the file of the server's --tokens:\n\(line)\n")
        }
        try StandardOutput.writeLine(token)
    }

    /// Appends a line in one step, so that two of these commands do not mix theirs.
    private static func append(_ line: String, toFileAt path: String) throws {
        do {
            let file = try FileDescriptor.open(
                FilePath(path),
                .readWrite,
                options: [.append, .create, .closeOnExec],
                permissions: .ownerReadWrite
            )
            defer { try? file.close() }
            // Whoever edited the file may have left its last line without an end.
            var last: [UInt8] = [0]
            let size = try file.seek(offset: 0, from: .end)
            if size > 0 {
                _ = try last.withUnsafeMutableBytes { try file.read(fromAbsoluteOffset: size - 1, into: $0) }
            }
            let separator = size == 0 || last == [UInt8(ascii: "\n")] ? "" : "\n"
            try file.writeAll(Array("\(separator)\(line)\n".utf8))
        } catch let error as Errno {
            throw CommandFailure("cannot write to \(path): \(error)")
        }
    }
}

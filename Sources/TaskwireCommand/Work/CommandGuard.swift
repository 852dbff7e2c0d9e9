internal import Subprocess
internal import SystemPackage

/// A process that ends a command when this one is gone without having done so, as after SIGKILL. Otherwise the command
/// would work on beside the worker that gets the task next.
struct CommandGuard: Sendable {
    /// Reads the id of the command's group, and then waits: for a line, which says that the command has ended, or for
    /// the end of the pipe, which this process leaves behind whatever ends it.
    private static let script = """
        read -r group || exit 0
        read -r _ && exit 0
        kill -s TERM -- "-$group"
        sleep 5
        kill -s KILL -- "-$group"
        """

    private let writer: StandardInputWriter

    /// Calls `body` while a guard stands by.
    static func standingBy<Value: Sendable>(
        _ body: (CommandGuard) async throws -> Value
    ) async throws -> Value {
        var options = PlatformOptions()
        // Ctrl-C in a terminal is for the others.
        options.createSession = true
        let outcome = try await Subprocess.run(
            .path("/bin/sh"),
            arguments: ["-c", script],
            platformOptions: options,
            input: .inputWriter,
            output: .discarded,
            error: .discarded
        ) { execution -> Result<Value, any Error> in
            let commandGuard = CommandGuard(writer: execution.standardInputWriter)
            let result: Result<Value, any Error>
            do {
                result = .success(try await body(commandGuard))
            } catch {
                result = .failure(error)
            }
            // Enough to send it away, whether it has a group by now or not.
            await commandGuard.write("\n\n")
            return result
        }
        return try outcome.closureResult.get()
    }

    /// Has the guard look after `group`.
    func watch(_ group: ProcessGroup) async {
        await write("\(group.id)\n")
    }

    private func write(_ text: String) async {
        // A guard that was killed itself is no reason to end the work.
        _ = try? await writer.write(text)
    }
}

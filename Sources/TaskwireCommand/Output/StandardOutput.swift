internal import Glibc

/// Where the answer of a command goes.
enum StandardOutput {
    /// Whether a person looks at it.
    static let isTerminal = isatty(STDOUT_FILENO) == 1

    /// Writes bytes of any kind.
    static func write(_ bytes: some Collection<UInt8>) throws {
        do {
            try FileOutput.write(bytes, to: STDOUT_FILENO)
        } catch  where error.number == EPIPE {
            // Whoever reads has seen enough, as in `taskwire list | head -1`: end like other programs, silently.
            _exit(CommandFailure.Code.brokenPipe)
        } catch {
            throw CommandFailure("cannot write to standard output: \(error)")
        }
    }

    /// Writes text and a line break.
    static func writeLine(_ line: String) throws {
        try write(Array((line + "\n").utf8))
    }
}

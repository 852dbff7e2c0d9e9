internal import Glibc

/// Where everything goes that is not the answer.
enum StandardError {
    /// Whether a person looks at it.
    static let isTerminal = isatty(STDERR_FILENO) == 1

    /// Writes bytes of any kind. That nobody reads them is no error.
    static func write(_ bytes: some Collection<UInt8>) {
        try? FileOutput.write(bytes, to: STDERR_FILENO)
    }

    /// Writes text as it is.
    static func write(_ text: String) {
        write(Array(text.utf8))
    }

    /// Writes `taskwire: message`.
    static func complain(_ message: String) {
        write("taskwire: \(message)\n")
    }
}

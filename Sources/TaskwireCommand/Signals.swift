internal import Glibc
internal import UnixSignals

/// What the program does about signals.
enum Signals {
    /// Those that ask a program to end.
    static let ending: [UnixSignal] = [.sigint, .sigterm, .sighup]

    /// Makes a write to a pipe that nobody reads an error instead of the end of the process.
    static func ignoreBrokenPipes() {
        signal(SIGPIPE, SIG_IGN)
    }

    /// The exit code that a shell shows for a program that `signal` ended.
    static func exitCode(for signal: UnixSignal) -> Int32 {
        128 + signal.rawValue
    }

    /// Runs `body`; when the process is asked to end meanwhile, runs `cleanUp` and ends it at once.
    static func endingAtOnce<Value>(
        cleanUp: @escaping @Sendable () -> Void = {},
        _ body: () async throws -> Value
    ) async throws -> Value {
        let signals = await UnixSignalsSequence(trapping: ending)
        let watch = Task {
            for await signal in signals {
                cleanUp()
                // Nothing is buffered, and the threads of the transport need not be told.
                _exit(exitCode(for: signal))
            }
        }
        defer { watch.cancel() }
        return try await body()
    }
}

internal import Glibc
internal import Synchronization
internal import UnixSignals

/// What the program does about signals.
enum Signals {
    /// Those that were ignored when the program started, as `nohup` does, and a script for what it runs in the background.
    /// They stay ignored.
    static let ignoredAtStart = Set((1...lastSignal).filter(isIgnored))

    /// Those that ask a program to end, and are not ignored.
    static let ending: [UnixSignal] = [.sigint, .sigterm, .sighup, .sigquit].filter {
        !ignoredAtStart.contains($0.rawValue)
    }

    /// Source: signal(7) of Linux.
    private static let lastSignal: Int32 = 64

    /// Makes a write to a pipe that nobody reads an error instead of the end of the process.
    static func ignoreBrokenPipes() {
        // To be known before it changes.
        _ = ignoredAtStart
        signal(SIGPIPE, SIG_IGN)
    }

    private static func isIgnored(_ signal: Int32) -> Bool {
        var action = sigaction()
        guard sigaction(signal, nil, &action) == 0 else { return false }
        let handler = action.__sigaction_handler.sa_handler
        return unsafeBitCast(handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
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

    /// Runs `body` and cancels it when the process is asked to end, which `onSignal` hears of each time before.
    /// - Throws: ``CommandFailure`` when that ended `body`.
    static func interruptible<Value: Sendable>(
        onSignal: @escaping @Sendable (UnixSignal) -> Void = { _ in },
        _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        let signals = await UnixSignalsSequence(trapping: ending)
        let interruption = Mutex<UnixSignal?>(nil)
        let execution = Task { try await body() }
        let watch = Task {
            for await signal in signals {
                onSignal(signal)
                interruption.withLock { $0 = $0 ?? signal }
                execution.cancel()
            }
        }
        defer { watch.cancel() }
        do {
            return try await execution.value
        } catch is CancellationError {
            guard let signal = interruption.withLock({ $0 }) else { throw CancellationError() }
            throw CommandFailure("interrupted by \(signal)", exitCode: exitCode(for: signal))
        }
    }
}

internal import Glibc
internal import Subprocess
internal import Synchronization

/// One execution of a command in a session of its own, which can be ended with all that it started.
final class CommandProcess: Sendable {
    /// How a command ended.
    struct Ending: Sendable {
        /// Exit code or signal.
        var status: TerminationStatus
        /// What it wrote to standard output; `nil` where that was more than allowed.
        var output: [UInt8]?
        /// The end of what it wrote to standard error.
        var errorTail: [UInt8]
    }

    private struct State {
        var group: ProcessGroup?
        var hasBegun = false
        var isEnding = false
    }

    /// How long a command may take to end when it is told to.
    private static let grace: Duration = .seconds(5)
    /// How many bytes of standard error are kept.
    private static let errorTailSize = 2048

    private let words: [[UInt8]]
    private let outputLimit: Int?
    private let request: RequestFile
    private let state = Mutex(State())

    /// An execution of `words`: one word is a line for the shell, several are a program and its arguments.
    ///
    /// Standard output is kept up to `outputLimit` bytes, and more of it ends the command; where `outputLimit`
    /// is `nil`, it is shown on standard error.
    /// - Throws: ``CommandFailure`` where there is no place for the command's standard input.
    init(_ words: [[UInt8]], outputLimit: Int?) throws {
        self.words = words.count == 1 ? ["/bin/sh", "-c", "--"].map { Array($0.utf8) } + words : words
        self.outputLimit = outputLimit
        request = try RequestFile()
    }

    /// Whether the command was told to begin. Until then an error is none of its own.
    var hasBegun: Bool { state.withLock { $0.hasBegun } }

    /// Runs the command with `input` on its standard input, and `environment` added to this process's. When the
    /// caller is cancelled the command is ended, and this returns once it and all that it started are gone.
    func run(input: [UInt8], environment: [String: String]) async throws -> Ending {
        // Cancellation must not stop the reading: the command may have something to say when it is ended.
        let work = Task {
            try await CommandGuard.standingBy { try await execute(input, environment, $0) }
        }
        return try await withTaskCancellationHandler {
            try await work.value
        } onCancel: {
            end()
        }
    }

    /// Asks the command to end, and makes it after 5 s.
    func end() {
        let isFirst = state.withLock { state in
            defer { state.isEnding = true }
            return !state.isEnding
        }
        guard isFirst else { return }
        send(SIGTERM)
        Task {
            try await Task.sleep(for: Self.grace)
            send(SIGKILL)
        }
    }

    /// Ends the command at once.
    func kill() {
        send(SIGKILL)
    }

    private func send(_ signal: Int32) {
        state.withLock { $0.group?.send(signal) }
    }

    private func execute(
        _ input: [UInt8],
        _ environment: [String: String],
        _ commandGuard: CommandGuard
    ) async throws -> Ending {
        var options = PlatformOptions()
        options.createSession = true
        try request.write(input)
        let result = try await Subprocess.run(
            CommandLauncher.executable,
            arguments: CommandLauncher.arguments(for: words, inputPath: request.path),
            environment: .custom(CommandEnvironment.entries(with: environment)),
            platformOptions: options,
            input: .inputWriter,
            output: .sequence,
            error: .sequence
        ) { execution in
            let group = ProcessGroup(id: execution.processIdentifier.value)
            await commandGuard.watch(group)
            started(group)
            state.withLock { $0.hasBegun = true }
            // Only now: whenever this process is killed, either the command never starts or the guard ends it.
            _ = try? await execution.standardInputWriter.write("\n")
            try? await execution.standardInputWriter.finish()
            async let errorTail = passOn(execution.standardError)
            let output = try await collect(execution.standardOutput)
            return (output, try await errorTail)
        }
        await waitForGroup()
        return Ending(
            status: result.terminationStatus,
            output: result.closureResult.0,
            errorTail: result.closureResult.1
        )
    }

    private func started(_ group: ProcessGroup) {
        state.withLock { state in
            state.group = group
            if state.isEnding { group.send(SIGTERM) }
        }
    }

    /// Waits for the rest of a command that was told to end. One that ended by itself may leave others behind.
    private func waitForGroup() async {
        let (group, isEnding) = state.withLock { ($0.group, $0.isEnding) }
        while isEnding, let group, group.isRunning {
            try? await Task.sleep(for: .milliseconds(20))
        }
        state.withLock { $0.group = nil }
    }

    private func collect(_ stream: SubprocessOutputSequence) async throws -> [UInt8]? {
        var output: [UInt8]? = []
        for try await buffer in stream {
            let bytes = buffer.bytes.withUnsafeBytes { Array($0) }
            guard let outputLimit else {
                StandardError.write(bytes)
                continue
            }
            output? += bytes
            if let count = output?.count, count > outputLimit {
                output = nil
                end()
            }
        }
        return output
    }

    private func passOn(_ stream: SubprocessOutputSequence) async throws -> [UInt8] {
        var tail: [UInt8] = []
        for try await buffer in stream {
            let bytes = buffer.bytes.withUnsafeBytes { Array($0) }
            StandardError.write(bytes)
            tail = (tail + bytes).suffix(Self.errorTailSize)
        }
        return tail
    }
}

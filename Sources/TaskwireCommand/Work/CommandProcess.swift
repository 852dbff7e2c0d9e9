internal import FoundationEssentials
internal import Glibc
internal import Subprocess
internal import Synchronization
internal import SystemPackage

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
        var isEnding = false
    }

    /// How long a command may take to end when it is told to.
    private static let grace: Duration = .seconds(5)
    /// How many bytes of standard error are kept.
    private static let errorTailSize = 2048

    /// Waits for a line, without which nothing is executed; then takes its first argument, the request, for standard
    /// input, and becomes the command that the others are.
    private static let script = #"read -r _ || exit 1; exec <"$1"; shift; exec "$@""#

    private let words: [String]
    private let outputLimit: Int?
    private let state = Mutex(State())

    /// An execution of `words`: one word is a line for the shell, several are a program and its arguments.
    ///
    /// Standard output is kept up to `outputLimit` bytes, and more of it ends the command; where `outputLimit`
    /// is `nil`, it is shown on standard error.
    init(_ words: [String], outputLimit: Int?) {
        self.words = words.count == 1 ? ["/bin/sh", "-c", "--"] + words : words
        self.outputLimit = outputLimit
    }

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
        let overrides = environment.map { (Environment.Key(stringLiteral: $0.key), Optional($0.value)) }
        let request = try Self.file(with: input)
        defer { try? request.close() }
        let requestPath = "/proc/\(getpid())/fd/\(request.rawValue)"
        let result = try await Subprocess.run(
            .path("/bin/sh"),
            arguments: Arguments(["-c", Self.script, "sh", requestPath] + words),
            environment: .inherit.updating(Dictionary(overrides) { $1 }),
            platformOptions: options,
            input: .inputWriter,
            output: .sequence,
            error: .sequence
        ) { execution in
            let group = ProcessGroup(id: execution.processIdentifier.value)
            await commandGuard.watch(group)
            started(group)
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

    /// An open file with these bytes that has no name. Unlike a pipe it takes all of them at once, whether the
    /// command reads them or not.
    private static func file(with bytes: [UInt8]) throws -> FileDescriptor {
        var path = Array("\(FileManager.default.temporaryDirectory.path)/taskwire-request-XXXXXX".utf8CString)
        let descriptor = mkstemp(&path)
        guard descriptor >= 0 else { throw SystemError.last }
        unlink(path)
        do {
            guard fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0 else { throw SystemError.last }
            try FileOutput.write(bytes, to: descriptor)
        } catch {
            close(descriptor)
            throw error
        }
        return FileDescriptor(rawValue: descriptor)
    }
}

internal import Foundation
internal import Subprocess
internal import Synchronization
internal import SystemPackage
internal import TaskwireTestSupport
internal import Testing

/// A server process of one test.
enum Server {
    /// What the log of a server said so far.
    final class Log: Sendable {
        private let lines = Mutex("")
        private let process = Mutex<pid_t?>(nil)

        /// The process of the server.
        var processID: pid_t? { process.withLock { $0 } }

        func started(_ id: pid_t) { process.withLock { $0 = id } }

        var text: String { lines.withLock { $0 } }

        func append(_ text: String) { lines.withLock { $0 += text } }
    }

    /// Calls `body` while a server runs, which is then ended by a signal and must exit with 0, unless that is SIGKILL.
    ///
    /// It listens at the address of the program that `body` gets, unless the arguments or the environment say where.
    static func run(
        _ arguments: [String] = [],
        environment: [String: String] = [:],
        endedBy signal: Signal = .terminate,
        listensOnItsOwn: Bool = true,
        _ body: (Program, Log) async throws -> Void
    ) async throws {
        try await withTemporaryFolder { folder in
            var program = Program(url: "ipc://\(folder)/t.sock")
            program.environment = ["XDG_STATE_HOME": folder].merging(environment) { $1 }
            let log = Log()
            let result = try await Subprocess.run(
                .path(FilePath(Program.path)),
                arguments: Arguments(
                    ["serve"] + (listensOnItsOwn ? ["--listen", program.url] : []) + arguments
                ),
                environment: program.subprocessEnvironment,
                input: .none,
                output: .discarded,
                error: .sequence
            ) { execution in
                log.started(execution.processIdentifier.value)
                let reading = Task {
                    for try await buffer in execution.standardError {
                        log.append(
                            String(decoding: buffer.bytes.withUnsafeBytes { Array($0) }, as: UTF8.self)
                        )
                    }
                }
                defer { try? execution.send(signal: signal) }
                try await eventually("the server listens") { log.text.contains("listening") }
                try await body(program, log)
                try execution.send(signal: signal)
                try await reading.value
            }
            let expected: TerminationStatus = signal == .kill ? .signaled(signal.rawValue) : .exited(0)
            #expect(result.terminationStatus == expected, "\(log.text)")
        }
    }

    /// Calls `body` while a server runs that needs nothing special.
    static func run(_ body: (Program) async throws -> Void) async throws {
        try await run { program, _ in try await body(program) }
    }
}

/// Returns once `condition` holds, and throws when it does not for 10 s.
func eventually(_ name: String, _ condition: () async throws -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(60)
    while try await !condition() {
        try #require(ContinuousClock.now < deadline, "not in time: \(name)")
        try await Task.sleep(for: .milliseconds(10))
    }
}

/// Returns once that many calls wait at the server.
func untilWaiting(_ taskwire: Program, count: Double = 1) async throws {
    try await eventually("\(count) calls wait") {
        try await taskwire("stats", "--json").json["waits"]?.number == count
    }
}

/// Whether a process with this id runs. One that has ended and that nobody has waited for does not.
func isRunning(_ id: String) -> Bool {
    guard let stat = try? String(contentsOfFile: "/proc/\(id)/stat", encoding: .utf8) else { return false }
    return stat.split(separator: ")").last?.split(separator: " ").first != "Z"
}

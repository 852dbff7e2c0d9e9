internal import Foundation
internal import Subprocess
internal import SystemPackage
internal import TaskwireTestSupport

/// The program `taskwire`, with the address of a server and an environment of its own.
struct Program: Sendable {
    /// What a run of the program left.
    struct Outcome: Sendable {
        /// The exit code, or as shells do, 128 and the signal that ended it.
        let exitCode: Int32
        let output: [UInt8]
        let error: String

        var text: String { String(decoding: output, as: UTF8.self) }
        var line: String { text.trimmingCharacters(in: .newlines) }

        /// Standard output as JSON.
        var json: JSON { get throws { try JSON(output) } }
    }

    typealias Running = Execution<NoInput, BytesOutput, StringOutput<UTF8>>

    /// The server's address, which tests hand on in TASKWIRE_URL.
    let url: String
    var environment: [String: String] = [:]

    /// The program that was built together with these tests.
    static var path: String {
        get throws { try builtProgram("taskwire") }
    }

    /// Runs the program to its end.
    func callAsFunction(_ arguments: String..., input: [UInt8]? = nil) async throws -> Outcome {
        let program = try Self.path
        guard let input else { return try await running(arguments) { _ in } }
        let result = try await Subprocess.run(
            .path(FilePath(program)),
            arguments: Arguments(arguments),
            environment: subprocessEnvironment,
            input: .array(input),
            output: .bytes(limit: 1 << 24),
            error: .string(limit: 1 << 20)
        )
        return Outcome(
            exitCode: result.terminationStatus.exitCode,
            output: result.standardOutput,
            error: result.standardError
        )
    }

    /// Runs the program, and `body` meanwhile.
    func running(_ arguments: [String], _ body: (Running) async throws -> Void) async throws -> Outcome {
        let result = try await Subprocess.run(
            .path(FilePath(Self.path)),
            arguments: Arguments(arguments),
            environment: subprocessEnvironment,
            input: .none,
            output: .bytes(limit: 1 << 24),
            error: .string(limit: 1 << 20),
            body: body
        )
        return Outcome(
            exitCode: result.terminationStatus.exitCode,
            output: result.standardOutput,
            error: result.standardError
        )
    }

    /// Runs a line of a shell in which `$taskwire` is the program.
    func shell(_ line: String) async throws -> Outcome {
        let result = try await Subprocess.run(
            .path("/bin/bash"),
            arguments: ["-c", line],
            environment: subprocessEnvironment,
            input: .none,
            output: .bytes(limit: 1 << 24),
            error: .string(limit: 1 << 20)
        )
        return Outcome(
            exitCode: result.terminationStatus.exitCode,
            output: result.standardOutput,
            error: result.standardError
        )
    }

    /// The environment of the program: nothing of Taskwire's but what the test says.
    var subprocessEnvironment: Environment {
        get throws {
            var values = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("TASKWIRE_") }
            values["NO_COLOR"] = nil
            // No test uses the store of the user who runs it.
            values["XDG_STATE_HOME"] = "/proc/nowhere"
            values["TASKWIRE_URL"] = url
            values["taskwire"] = try Self.path
            values.merge(environment) { $1 }
            return .custom(
                Dictionary(values.map { (Environment.Key(stringLiteral: $0.key), $0.value) }) { $1 }
            )
        }
    }
}

extension TerminationStatus {
    /// As a shell shows it.
    var exitCode: Int32 {
        switch self {
        case .exited(let code): code
        case .signaled(let signal): 128 + signal
        }
    }
}

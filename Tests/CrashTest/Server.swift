import Foundation
import Subprocess
import SystemPackage

/// The program `taskwire serve`, beside this one in the build folder.
struct Server {
    /// The process ended although nobody ended it, or not as it was told to.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    private let program: FilePath
    private let arguments: [String]

    /// A server that is to listen on `url` and to keep its tasks in `store`.
    init(url: String, store: String) throws {
        let itself = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        program = FilePath(itself).removingLastComponent().appending("taskwire")
        arguments = ["serve", "--listen", url, "--store", store]
    }

    /// Runs the server, and `body` meanwhile, after which the process is ended by `signal`.
    func run(
        endedBy signal: Signal = .kill,
        _ body: @escaping @Sendable () async throws -> Void
    ) async throws {
        let result = try await Subprocess.run(
            .path(program),
            arguments: Arguments(arguments),
            input: .none,
            output: .discarded,
            error: .sequence
        ) { execution in
            let ending = Task {
                do {
                    try await body()
                } catch {
                    try? execution.send(signal: .kill)
                    throw error
                }
                try execution.send(signal: signal)
            }
            // Its log ends with the process.
            var log: [UInt8] = []
            for try await buffer in execution.standardError {
                log = (log + buffer.bytes.withUnsafeBytes { Array($0) }).suffix(4000)
            }
            ending.cancel()
            return (await ending.result, String(decoding: log, as: UTF8.self))
        }
        let (ending, log) = result.closureResult
        let expected: TerminationStatus = signal == .kill ? .signaled(SIGKILL) : .exited(0)
        guard case .success = ending, result.terminationStatus == expected else {
            throw Failure(
                description: "the server ended with \(result.terminationStatus), \(ending):\n\(log)"
            )
        }
    }
}

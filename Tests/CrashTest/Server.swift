import Foundation
import Subprocess
import Synchronization
import SystemPackage

/// The program `taskwire serve`, beside this one in the build folder.
final class Server: Sendable {
    /// The process ended although nobody ended it, or not as it was told to.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    private let program: FilePath
    private let arguments: [String]
    private let processID = Mutex<pid_t?>(nil)

    /// A server that is to listen on `url` and to keep its tasks in `store`.
    init(url: String, store: String) throws {
        let itself = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        program = FilePath(itself).removingLastComponent().appending("taskwire")
        arguments = ["serve", "--listen", url, "--store", store]
    }

    /// Ends the process if there is one.
    func end() {
        processID.withLock { id in
            guard let id else { return }
            _ = kill(id, SIGKILL)
        }
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
        ) { [self] execution in
            processID.withLock { $0 = execution.processIdentifier.value }
            defer { processID.withLock { $0 = nil } }
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

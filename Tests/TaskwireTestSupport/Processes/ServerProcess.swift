import Foundation
public import Subprocess
import Synchronization
import SystemPackage

/// The program `taskwire serve`, which can be run again and again on the same store.
public final class ServerProcess: Sendable {
    /// The process ended although nobody ended it, or not as it was told to, or the work beside it failed.
    public struct Failure: Error, CustomStringConvertible {
        /// What happened, with the end of the server's log.
        public let description: String
    }

    private let program: String
    private let arguments: [String]
    private let processID = Mutex<pid_t?>(nil)

    /// A server that is to listen on `url` and to keep its tasks in `store`.
    public init(url: String, store: String) throws {
        program = try builtProgram("taskwire")
        arguments = ["serve", "--listen", url, "--store", store]
    }

    /// Ends the process if there is one.
    public func end() {
        processID.withLock { id in
            guard let id else { return }
            _ = kill(id, SIGKILL)
        }
    }

    /// Runs the server, and `body` meanwhile, after which the process is ended by `signal`.
    /// - Throws: ``Failure``.
    public func run(
        endedBy signal: Signal = .kill,
        _ body: @escaping @Sendable () async throws -> Void
    ) async throws {
        let result = try await Subprocess.run(
            .path(FilePath(program)),
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
            defer { ending.cancel() }
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

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
    private let environment: Environment
    private let processID = Mutex<pid_t?>(nil)
    private let beginning = Mutex("")

    /// A server that is to listen on `url` and to keep its tasks in `store`.
    public convenience init(url: String, store: String) throws {
        try self.init(listeners: [url], store: store)
    }

    /// A server with listeners and further options as `taskwire serve` takes them.
    /// - Parameter variables: What is set in its environment beside what this process has.
    public init(
        listeners: [String],
        store: String,
        options: [String] = [],
        variables: [String: String] = [:]
    ) throws {
        let values = variables.map { (Environment.Key(stringLiteral: $0.key), $0.value) }
        environment = .inherit.updating(Dictionary(values) { $1 })
        program = try builtProgram("taskwire")
        arguments = ["serve", "--store", store] + listeners.flatMap { ["--listen", $0] } + options
    }

    /// The number of the process, while there is one.
    public var id: pid_t? { processID.withLock { $0 } }

    /// The addresses that its log has named since it was run, in the order of the listeners and with the ports that the
    /// system chose.
    public var urls: [String] { Self.addresses(in: log) }

    /// The first 16 KiB of its log since it was run.
    public var log: String { beginning.withLock { $0 } }

    /// Stops the process, if there is one, until it is told to go on.
    public func stop() { send(SIGSTOP) }

    /// Lets the process go on that was stopped.
    public func resume() { send(SIGCONT) }

    private func send(_ signal: Int32) {
        processID.withLock { id in
            guard let id else { return }
            _ = kill(id, signal)
        }
    }

    /// Ends the process if there is one.
    public func end() {
        send(SIGKILL)
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
            environment: environment,
            input: .none,
            output: .discarded,
            error: .sequence
        ) { [self] execution in
            processID.withLock { $0 = execution.processIdentifier.value }
            defer {
                processID.withLock { $0 = nil }
                beginning.withLock { $0 = "" }
            }
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
                let bytes = buffer.bytes.withUnsafeBytes { Array($0) }
                log = (log + bytes).suffix(4000)
                beginning.withLock { beginning in
                    guard beginning.utf8.count < Self.beginningByteCount else { return }
                    beginning += String(decoding: bytes, as: UTF8.self)
                }
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

    /// The part of the log that is kept.
    private static let beginningByteCount = 16_384

    /// The addresses in whole lines that say `listening address=...`.
    private static func addresses(in log: String) -> [String] {
        log.split(separator: "\n", omittingEmptySubsequences: false).dropLast().compactMap { line in
            line.firstRange(of: " listening address=").map { String(line[$0.upperBound...]) }
        }
    }
}

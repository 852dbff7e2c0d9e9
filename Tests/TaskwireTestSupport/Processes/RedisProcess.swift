import Foundation
public import Subprocess
import Synchronization
import SystemPackage
import Testing

/// A Redis of a test's own on a free port of this machine, which can be run again and again with the same data.
public final class RedisProcess: Sendable {
    /// The process did not start, or ended although nobody ended it.
    public struct Failure: Error, CustomStringConvertible {
        /// What happened, with the end of its log.
        public let description: String
    }

    private let folder: String
    private let options: [String]
    private let port: UInt16
    private let processID = Mutex<pid_t?>(nil)

    /// A Redis that keeps its files in `folder`; `options` as `redis-server` takes them.
    public init(folder: String, options: [String] = []) throws {
        self.folder = folder
        self.options = options
        port = try Self.freePorts(1)[0]
    }

    /// Its address.
    public var url: String { "redis://127.0.0.1:\(port)" }

    /// The number of the process, while there is one.
    public var id: pid_t? { processID.withLock { $0 } }

    /// Runs `body` on a Redis of its own that keeps nothing.
    ///
    /// Where there is no `redis-server` the test is skipped and says so, but for where `CI` is set: there it fails.
    public static func withRedis(
        options: [String] = [],
        _ body: @escaping @Sendable (RedisProcess) async throws -> Void
    ) async throws {
        try await withTemporaryFolder { folder in
            let redis = try RedisProcess(folder: folder, options: ["--save", ""] + options)
            try await redis.run { try await body(redis) }
        }
    }

    /// Ends the process if there is one.
    public func end() {
        processID.withLock { id in
            guard let id else { return }
            _ = kill(id, SIGKILL)
        }
    }

    /// Runs Redis, and `body` once it accepts connections, after which it is killed.
    /// - Throws: ``Failure``, and what `body` throws.
    public func run(_ body: @escaping @Sendable () async throws -> Void) async throws {
        try Self.requireProgram()
        let fixed = ["--bind", "127.0.0.1", "--port", "\(port)", "--dir", folder, "--logfile", ""]
        let result = try await Subprocess.run(
            .path(FilePath(Self.program)),
            arguments: Arguments(fixed + options),
            input: .none,
            output: .sequence,
            error: .discarded
        ) { [self] execution in
            processID.withLock { $0 = execution.processIdentifier.value }
            defer { processID.withLock { $0 = nil } }
            var work: Task<Void, any Error>?
            defer { work?.cancel() }
            // Its log ends with the process.
            var log = ""
            for try await buffer in execution.standardOutput {
                log += buffer.bytes.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
                guard work == nil else { continue }
                guard log.contains("Ready to accept connections") else { continue }
                work = Task {
                    defer { try? execution.send(signal: .kill) }
                    try await body()
                }
            }
            return (await work?.result, log)
        }
        let (ending, log) = result.closureResult
        guard let ending else { throw Failure(description: "Redis did not start:\n\(log.suffix(2000))") }
        try ending.get()
    }

    private static let program = "/usr/bin/redis-server"

    /// Skips the test where there is no `redis-server`, but for where `CI` is set: there it fails.
    static func requireProgram() throws {
        guard !FileManager.default.isExecutableFile(atPath: program) else { return }
        let sentence = "there is no \(program); Scripts/setup.sh installs it"
        guard ProcessInfo.processInfo.environment["CI"] != nil else { try Test.cancel("\(sentence)") }
        throw Failure(description: sentence)
    }

    /// Ports that nobody uses, each another one, which the system does not give to connections either (Linux's
    /// `ip_local_port_range` begins with 32768), so that they are still free when a Redis begins or comes back.
    static func freePorts(_ count: Int) throws -> [UInt16] {
        try (0..<count).map { _ in
            while true {
                let port = UInt16.random(in: 10_000..<32_768)
                guard takenPorts.withLock({ $0.insert(port).inserted }) else { continue }
                if try isFree(port) { return port }
            }
        }
    }

    /// Those that were given to somebody in this process.
    private static let takenPorts = Mutex<Set<UInt16>>([])

    private static func isFree(_ port: UInt16) throws -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw Errno(rawValue: errno) }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = in_addr_t(INADDR_LOOPBACK).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(descriptor, pointer, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}

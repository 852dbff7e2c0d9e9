import Foundation
import Subprocess
import Synchronization
import SystemPackage
public import Taskwire

/// A process of the program `worker`.
public final class WorkerProcess: Sendable {
    /// The process ended otherwise than it should.
    public struct Failure: Error, CustomStringConvertible {
        /// What happened, with what the process said about it.
        public let description: String
    }

    /// The process ended before what somebody waits for.
    public struct NoSuchEvent: Error {
        /// What did not happen.
        public let kind: WorkerEvent.Kind
        /// What did.
        public let events: [WorkerEvent]
    }

    private struct State {
        var events: [WorkerEvent] = []
        var readers: [AsyncStream<WorkerEvent>.Continuation] = []
        var hasEnded = false
        var isKilled = false
    }

    private let state = Mutex(State())
    private let send: @Sendable (Signal) throws -> Void

    private init(send: @escaping @Sendable (Signal) throws -> Void) {
        self.send = send
    }

    /// Runs the program, and `body` meanwhile. Then it has to end by itself, with 0, unless `body` killed it before.
    /// - Throws: ``Failure``, and what `body` throws, after the process was killed.
    public static func run(_ arguments: [String], _ body: (WorkerProcess) async throws -> Void) async throws {
        let result = try await Subprocess.run(
            .path(FilePath(builtProgram("worker"))),
            arguments: Arguments(arguments),
            input: .none,
            output: .sequence,
            error: .string(limit: 1 << 16)
        ) { execution in
            let worker = WorkerProcess { try execution.send(signal: $0) }
            let reading = Task {
                defer { worker.end() }
                for try await line in execution.standardOutput.strings() {
                    worker.note(try JSONDecoder().decode(WorkerEvent.self, from: Data(line.utf8)))
                }
            }
            do {
                try await body(worker)
            } catch {
                try? execution.send(signal: .kill)
                throw error
            }
            try await reading.value
            return worker.isKilled
        }
        let isKilled = result.closureResult && result.terminationStatus == .signaled(SIGKILL)
        guard isKilled || result.terminationStatus == .exited(0) else {
            throw Failure(
                description: "the worker ended with \(result.terminationStatus): \(result.standardError)"
            )
        }
    }

    private func note(_ event: WorkerEvent) {
        state.withLock { state in
            state.events.append(event)
            for reader in state.readers { reader.yield(event) }
        }
    }

    private func end() {
        state.withLock { state in
            state.hasEnded = true
            for reader in state.readers { reader.finish() }
        }
    }

    /// What happened in it from its beginning to its end, as it happens.
    public var events: AsyncStream<WorkerEvent> {
        AsyncStream { reader in
            state.withLock { state in
                for event in state.events { reader.yield(event) }
                if state.hasEnded { reader.finish() } else { state.readers.append(reader) }
            }
        }
    }

    /// Whether somebody killed it.
    public var isKilled: Bool { state.withLock { $0.isKilled } }

    /// Waits for the first event of a kind, of one task or of any.
    public func first(_ kind: WorkerEvent.Kind, of taskID: String? = nil) async throws -> WorkerEvent {
        for await event in events where event.kind == kind && event.taskID == taskID ?? event.taskID {
            return event
        }
        throw NoSuchEvent(kind: kind, events: state.withLock { $0.events })
    }

    /// Ends it in the middle of whatever it does, and returns when that was.
    @discardableResult
    public func kill() throws -> Timestamp {
        state.withLock { $0.isKilled = true }
        try send(.kill)
        return .now
    }

    /// Lets it stand still.
    public func stop() throws { try send(.suspend) }

    /// Lets it go on.
    public func resume() throws { try send(.resume) }
}

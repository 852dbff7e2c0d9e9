internal import Foundation
internal import Subprocess
internal import Synchronization
internal import Taskwire
internal import UnixSignals

/// A command as the work of a task.
final class CommandWork: Sendable {
    /// Why the work failed; its text becomes the task's error.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    private struct State {
        var context: TaskContext?
        var interruption: UnixSignal?
        var startFailure: CommandFailure?
    }

    private let process: CommandProcess
    private let environment: [String: String]
    private let onLoss: LeaseLossPolicy
    private let outputFile: String?
    private let contentType: String?
    private let limit: Int
    private let state = Mutex(State())

    /// Work that executes `command`: one word is a line for the shell, several are a program and its arguments.
    ///
    /// - Parameters:
    ///   - environment: What the command's environment has beside this process's and the token of the lease.
    ///   - onLoss: Whether a signal to this process cancels the task or gives it back.
    ///   - outputFile: The file that holds the result when the command has ended; `nil`: its standard output does.
    ///   - contentType: The result's media type; `nil`: whatever it looks like.
    ///   - limit: Bytes of the largest result.
    /// - Throws: ``CommandFailure`` where nothing can be executed here.
    init(
        _ command: [[UInt8]],
        environment: [String: String],
        onLoss: LeaseLossPolicy,
        outputFile: String?,
        contentType: String?,
        limit: Int
    ) throws {
        self.process = try CommandProcess(command, outputLimit: outputFile == nil ? limit : nil)
        self.environment = environment
        self.onLoss = onLoss
        self.outputFile = outputFile
        self.contentType = contentType
        self.limit = limit
    }

    /// Whether there was anything to do.
    var hasStarted: Bool { state.withLock { $0.context != nil } }

    /// Whether the work ended, or was of no use, because the lease was lost.
    var isLeaseLost: Bool { state.withLock { $0.context?.isLeaseLost ?? false } }

    /// The signal that ended the work, where one did.
    var interruption: UnixSignal? { state.withLock { $0.interruption } }

    /// Why the command was not started and the task given back, where that happened.
    var startFailure: CommandFailure? { state.withLock { $0.startFailure } }

    /// Takes note of a signal to this process. The second one does not wait for the command.
    func interrupt(by signal: UnixSignal) {
        let isFirst = state.withLock { state in
            defer { state.interruption = state.interruption ?? signal }
            return state.interruption == nil
        }
        if !isFirst { process.kill() }
    }

    /// Executes the command and ends the task accordingly.
    func perform(_ context: TaskContext, in store: some TaskStore) async throws {
        state.withLock { $0.context = context }
        var environment = environment
        environment[LeaseTokenOption.tokenVariable] =
            LeaseTokenArgument(bytes: context.leaseToken).description
        let output = outputFile.map(OutputFile.init)
        let ending: CommandProcess.Ending
        do {
            ending = try await process.run(input: context.request?.data ?? [], environment: environment)
        } catch  where !process.hasBegun {
            try await giveBack(context, in: store, because: error)
            throw CancellationError()
        } catch {
            throw Failure(description: "the command cannot be followed: \(error)")
        }
        do {
            // What a command leaves that was told to end is not its result.
            guard !Task.isCancelled || isFinished(ending, context) else { throw CancellationError() }
            try await context.complete(try await result(of: ending, output))
        } catch is CancellationError {
            if let interruption, onLoss == .fail, !context.isLeaseLost {
                let request = CancelTaskRequest(
                    taskID: context.taskID,
                    statusMessage: "taskwire run was ended by \(interruption)"
                )
                // What is told to end is cancelled, but this has to be told.
                _ = try await Task { try await store.cancelTask(request, options: .default) }.value
            }
            throw CancellationError()
        }
    }

    /// Whether a command that was told to end has done its work all the same. It may, where somebody only asked for the
    /// cancellation: then the command decides.
    private func isFinished(_ ending: CommandProcess.Ending, _ context: TaskContext) -> Bool {
        let isAsked = context.task.isCancelRequested && !context.task.status.isTerminal
        return isAsked && ending.status.isSuccess && interruption == nil && !context.isLeaseLost
    }

    /// Leaves the task to others, as it is this process that cannot start the command.
    private func giveBack(
        _ context: TaskContext,
        in store: some TaskStore,
        because error: any Error
    ) async throws {
        let reason = (error as? CommandFailure)?.message ?? "\(error)"
        let failure = CommandFailure(
            "the command cannot be started: \(reason); task \(context.taskID) was given back"
        )
        state.withLock { $0.startFailure = failure }
        _ = try await Task {
            try await store.releaseLease(context.taskID, leaseToken: context.leaseToken)
        }.value
    }

    private func result(of ending: CommandProcess.Ending, _ file: OutputFile?) async throws -> Payload {
        guard let output = ending.output else {
            throw Failure(description: "the output has more than the \(limit) bytes that a message may have")
        }
        guard ending.status.isSuccess else {
            let tail = Self.text(ofTail: ending.errorTail)
            throw Failure(description: ending.status.sentence + (tail.isEmpty ? "" : ": \(tail)"))
        }
        let bytes: [UInt8]
        do {
            bytes = try await file?.read(limit: limit) ?? output
        } catch let failure as CommandFailure {
            throw Failure(description: failure.message)
        }
        return Payload(data: bytes, contentType: contentType ?? ContentType.of(bytes))
    }

    /// The text of bytes that may begin in the middle of a character. The wire takes no NUL in it.
    private static func text(ofTail bytes: [UInt8]) -> String {
        let start = bytes.firstIndex { $0 & 0xC0 != 0x80 } ?? bytes.endIndex
        let text = String(decoding: bytes[start...].map { $0 == 0 ? UInt8(ascii: " ") : $0 }, as: UTF8.self)
        return text.trimmingCharacters(in: .whitespacesAndNewlines)
    }
}

extension TerminationStatus {
    /// What happened, for people.
    fileprivate var sentence: String {
        switch self {
        case .exited(let code): "exited with \(code)"
        case .signaled(let signal): "ended by signal \(signal)"
        }
    }
}

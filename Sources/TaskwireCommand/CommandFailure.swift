internal import ArgumentParser
internal import FoundationEssentials
internal import Taskwire
internal import TaskwireClient

/// Why a command ends without success: one line for people and a code for programs.
struct CommandFailure: Error {
    /// The exit codes that the help of `taskwire` lists.
    enum Code {
        static let refused: Int32 = 1
        static let notFound: Int32 = 3
        static let unavailable: Int32 = 4
        static let timedOut: Int32 = 5
        static let taskFailed: Int32 = 6
        static let taskCancelled: Int32 = 7
        static let leaseLost: Int32 = 8
        static let usage: Int32 = 64
        static let brokenPipe: Int32 = 141
    }

    /// One line without a full stop.
    let message: String
    /// One of ``Code``.
    let exitCode: Int32

    init(_ message: String, exitCode: Int32 = Code.refused) {
        self.message = PlainText.line(message)
        self.exitCode = exitCode
    }

    init(_ error: TaskwireError) {
        let code =
            switch error.code {
            case .notFound where error.reason != .backupNotFound: Code.notFound
            case .unavailable: Code.unavailable
            case .deadlineExceeded: Code.timedOut
            case _ where [.leaseHeld, .leaseLost].contains(error.reason): Code.leaseLost
            default: Code.refused
            }
        var message = "\(Self.clause(error.message)) (\(error.reason.rawValue))"
        if error.reason == .leaseLost, let task = error.task {
            let worker = task.lease.map { "\($0.worker) has it until \($0.expiresAt)" } ?? "nobody has it now"
            message += "; \(worker)"
        }
        if error.isOutcomeUnknown {
            message += "; it is not known whether the operation was applied"
        }
        if let retryAfter = error.retryAfter {
            message += "; try again in \(DurationText(retryAfter))"
        }
        self.init(message, exitCode: code)
    }

    /// No server was reached at `url`, or any of several.
    init(_ error: TaskwireError, withoutServerAt url: String) {
        let failure = CommandFailure(error)
        self.init("\(failure.message); \(Self.start(ofServerAt: url))", exitCode: failure.exitCode)
    }

    /// How to start a server at `url`.
    private static func start(ofServerAt url: String) -> String {
        var environment = ProcessInfo.processInfo.environment
        // Where a server listens is said elsewhere.
        environment["TASKWIRE_URL"] = nil
        guard url != TaskwireClient.defaultURL(environment: environment) else {
            return "start one with 'taskwire serve'"
        }
        let urls = TaskwireClient.parts(ofURL: url)
        let files = urls[0].hasPrefix("tls+tcp:") ? ",cert=FILE,key=FILE" : ""
        return "start one with 'taskwire serve --listen \(urls[0])\(files)'"
    }

    /// A failure to set the program up: to connect, to listen, to read its settings.
    init(setUp error: TaskwireError) {
        let isWrong = error.code == .invalidArgument
        let advice =
            switch error.reason {
            case .listenerOpen:
                "; --tokens FILE names callers; listen on ipc or loopback, or accept the risk with --insecure"
            case .storeExists: "; --force replaces it"
            case .listenerUseless: "; give it owner=NAME, or the server --tokens FILE"
            default: ""
            }
        self.init(Self.clause(error.message) + advice, exitCode: isWrong ? Code.usage : Code.refused)
    }

    /// What `error` means here, or `nil` where it is the argument parser's own.
    init?(_ error: any Error) {
        switch error {
        case let error as CommandFailure: self = error
        case let error as TaskwireError: self.init(error)
        case is ExitCode, is CleanExit, is ValidationError: return nil
        case is CancellationError: self.init("interrupted")
        default:
            guard TaskwireCommand.exitCode(for: error) == .failure else { return nil }
            self.init(String(describing: error))
        }
    }

    /// How a command that reports on a task ends when the task did not complete; `nil` when it did.
    init?(outcomeOf task: TaskState, error: TaskError? = nil) {
        let details = (error?.message ?? task.statusMessage).map { ": \($0)" } ?? ""
        switch task.status {
        case .completed:
            return nil
        case .failed:
            self.init("task \(task.id) failed\(details)", exitCode: Code.taskFailed)
        case .cancelled:
            self.init("task \(task.id) was cancelled\(details)", exitCode: Code.taskCancelled)
        case .working, .inputRequired:
            self.init("task \(task.id) has not ended, it is \(task.status.rawValue)")
        }
    }

    /// There is nothing to do for `task`; the code tells how it ended.
    init(alreadyEnded task: TaskState) {
        let code =
            switch task.status {
            case .failed: Code.taskFailed
            case .cancelled: Code.taskCancelled
            case .completed, .working, .inputRequired: Code.refused
            }
        self.init("task \(task.id) has ended already, it is \(task.status.rawValue)", exitCode: code)
    }

    /// The work on a task counts no more.
    init(leaseLostOf taskID: String) {
        self.init("the lease of task \(taskID) was lost, and the command ended", exitCode: Code.leaseLost)
    }

    /// `sentence` without its full stop, so that it can go on.
    static func clause(_ sentence: String) -> String {
        sentence.hasSuffix(".") ? String(sentence.dropLast()) : sentence
    }
}

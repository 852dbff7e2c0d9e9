public import Taskwire

/// What happened in the program `worker`: a line of JSON of its standard output.
public struct WorkerEvent: Codable, Sendable {
    /// What happened.
    public enum Kind: String, Codable, Sendable {
        /// Another worker holds the task, and this one waits.
        case held
        /// It has claimed the task, and the work begins.
        case started
        /// The work was told to stop.
        case told
        /// The store has taken the result.
        case acknowledged
        /// The store has refused the result.
        case refused
        /// It is done with the task.
        case left
        /// It does not work on the task, which is gone or another worker's.
        case skipped
    }

    /// What happened.
    public var kind: Kind
    /// To which task.
    public var taskID: String
    /// The task's revision, as far as the worker knows.
    public var revision: UInt64?
    /// When the task last changed, as far as the worker knows.
    public var lastUpdatedAt: Timestamp?
    /// When it happened.
    public var at: Timestamp
    /// What the worker completed the task with.
    public var report: WorkReport?
    /// Why it was refused or skipped.
    public var reason: String?

    /// An event of now.
    public init(
        _ kind: Kind,
        _ taskID: String,
        task: TaskState? = nil,
        report: WorkReport? = nil,
        reason: TaskwireError.Reason? = nil
    ) {
        self.kind = kind
        self.taskID = taskID
        self.revision = task?.revision
        self.lastUpdatedAt = task?.lastUpdatedAt
        self.at = .now
        self.report = report
        self.reason = reason?.rawValue
    }
}

/// The result of a task that the program `worker` completed: no two executions have the same.
public struct WorkReport: Codable, Sendable, Hashable {
    /// The worker's name.
    public var worker: String
    /// The revision at which the worker had claimed the task.
    public var claimRevision: UInt64
    /// The answer to its question, where it asked one.
    public var answer: String?

    /// A report.
    public init(worker: String, claimRevision: UInt64, answer: String? = nil) {
        self.worker = worker
        self.claimRevision = claimRevision
        self.answer = answer
    }
}

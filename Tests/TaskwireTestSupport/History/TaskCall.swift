public import Taskwire

/// One call of a history. Moments are microseconds of real time, each given once.
public struct TaskCall: Sendable {
    /// How a call ended.
    public enum Ending: Sendable, Hashable {
        /// It runs, or nobody knows whether it took effect, or will.
        case unknown
        /// The server never carried it out.
        case notDone
        /// The server answered.
        case answered(TaskAnswer, at: UInt64)
    }

    /// Who called.
    public var caller: Int
    /// What for.
    public var operation: TaskOperation
    /// The same for repeats of one mutation; `nil` for reads.
    public var requestID: RequestID?
    /// When it began.
    public var begin: UInt64
    /// How it ended.
    public var ending = Ending.unknown

    /// A call that begins.
    public init(caller: Int, operation: TaskOperation, requestID: RequestID?, begin: UInt64) {
        self.caller = caller
        self.operation = operation
        self.requestID = requestID
        self.begin = begin
    }

    /// What the server answered.
    public var answer: TaskAnswer? {
        if case .answered(let answer, _) = ending { answer } else { nil }
    }

    /// When the answer was there.
    public var end: UInt64? {
        if case .answered(_, let end) = ending { end } else { nil }
    }

    /// Whether it is there to take a lease.
    var isClaim: Bool { if case .claim = operation { true } else { false } }

    /// Whether the server may have carried it out, so that it counts.
    var counts: Bool {
        switch ending {
        case .notDone: false
        case .unknown: operation.isMutation
        case .answered: true
        }
    }
}

extension TaskCall: CustomStringConvertible {
    /// One line.
    public var description: String {
        let id = requestID.map { " \($0)" } ?? ""
        let span = end.map { "#\(begin)-\($0)" } ?? "#\(begin)-"
        let ending =
            switch ending {
            case .unknown: "unknown"
            case .notDone: "not done"
            case .answered(let answer, _): "\(answer)"
            }
        return "\(span) client \(caller)\(id)\n    \(operation)\n    -> \(ending)"
    }
}

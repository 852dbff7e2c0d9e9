public import Taskwire

/// What workers told of one task that was theirs to complete.
public struct WorkHistory: Sendable {
    /// What they were to do.
    public let order: WorkOrder
    /// What happened, in the order in which it was heard of.
    public private(set) var events: [WorkerEvent] = []

    /// Nothing was told yet.
    public init(_ order: WorkOrder) { self.order = order }

    /// Adds what a worker told.
    public mutating func note(_ event: WorkerEvent) { events.append(event) }

    /// What is wrong with how the task is: it has to have ended, once, by the worker that held it, as that one was told,
    /// or by the loss of its worker.
    public func violations(of outcome: TaskOutcome) throws -> [Violation] {
        let task = outcome.task
        let report: WorkReport? = try outcome.result?.decode()
        let acknowledged = events.filter { $0.kind == .acknowledged }
        let started = events.filter { $0.kind == .started }.compactMap(\.revision)
        // Created, and then claimed and lost again and again, and at last claimed and ended.
        let isRevisionRight =
            !task.revision.isMultiple(of: 2) && (order.isRepeatable ? task.revision >= 3 : task.revision == 3)
        let rules: [(Bool, Violation.Kind, String)] = [
            (task.status.isTerminal, .lost, "it never ended"),
            (acknowledged.count <= 1, .doubled, "more than one completion was acknowledged"),
            (
                acknowledged.allSatisfy { $0.report == report && $0.revision == task.revision }, .lost,
                "a completion was acknowledged that is not there"
            ),
            (Set(started).count == started.count, .staleLease, "two workers had one lease"),
            (
                started.allSatisfy { $0.isMultiple(of: 2) && $0 < task.revision }, .unexpected,
                "a lease was taken at a revision that is none's"
            ),
            (isRevisionRight, .doubled, "its revision is not what claims and losses make"),
            (
                task.status != .completed
                    || report.map {
                        $0.claimRevision == task.revision - 1 && started.contains($0.claimRevision)
                    }
                        == true,
                .staleLease, "it was completed by a worker that did not hold it"
            ),
            (
                task.status == .completed
                    || task.status == .failed && !order.isRepeatable
                        && outcome.error?.message == "worker lost",
                .unexpected, "it ended in a way that was not ordered"
            ),
        ]
        return rules.filter { !$0.0 }.map { _, kind, text in
            Violation(kind, "\(text): \(description(outcome))")
        }
    }

    private func description(_ outcome: TaskOutcome) -> String {
        let told = events.map { event in
            let parts = [
                event.kind.rawValue, event.revision.map { "r\($0)" }, event.reason, event.report?.worker,
            ]
            return parts.compactMap(\.self).joined(separator: " ")
        }
        let reporter = outcome.result.map { ", result \(String(decoding: $0.data, as: UTF8.self))" } ?? ""
        let repeatable = order.isRepeatable ? ", repeatable" : ""
        return "\(outcome.task.text)\(reporter)\(repeatable); workers told: \(told.joined(separator: ", "))"
    }
}

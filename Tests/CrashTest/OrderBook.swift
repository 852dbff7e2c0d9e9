import Synchronization
import Taskwire
import TaskwireTestSupport

/// What the workers are to do, what they told, and how it ended.
final class OrderBook: Sendable {
    /// The label and its value that the workers' tasks have, and no others.
    static let label = "pool"
    static let pool = "orders"

    private struct Order {
        var history: WorkHistory
        var outcome: TaskOutcome?
    }

    private let orders = Mutex<[String: Order]>([:])
    private let hasEnded = Atomic(false)

    /// Whether everything has ended that will ever be ordered.
    var isComplete: Bool { hasEnded.load(ordering: .acquiring) }

    /// Says that it has.
    func complete() { hasEnded.store(true, ordering: .releasing) }

    /// Takes down what is to be done for a task that is about to be created.
    func open(_ taskID: String, _ order: WorkOrder) {
        orders.withLock { $0[taskID] = Order(history: WorkHistory(order)) }
    }

    /// Takes down what a worker told.
    func note(_ event: WorkerEvent) {
        orders.withLock { $0[event.taskID]?.history.note(event) }
    }

    /// Takes down how a task ended.
    func close(_ taskID: String, _ outcome: TaskOutcome) {
        orders.withLock { $0[taskID]?.outcome = outcome }
    }

    /// What the workers did, and what is not as it should be: to be called when none of them runs any more.
    func settle() throws -> (Tally, [Violation]) {
        try orders.withLock { orders in
            var tally = Tally()
            var violations: [Violation] = []
            for (taskID, order) in orders {
                tally.add(order.history, order.outcome)
                guard let outcome = order.outcome else {
                    violations.append(Violation(.lost, "order \(taskID) has not ended"))
                    continue
                }
                violations += try order.history.violations(of: outcome).map { violation in
                    Violation(violation.kind, "order \(taskID): \(violation.message)")
                }
            }
            return (tally, violations)
        }
    }

    /// What the workers did.
    struct Tally: CustomStringConvertible {
        private var orders = 0
        private var claims = 0
        private var completed = 0
        private var failed = 0
        private var begunAgain = 0
        private var refused = 0

        fileprivate mutating func add(_ history: WorkHistory, _ outcome: TaskOutcome?) {
            orders += 1
            claims += history.events.count { $0.kind == .started }
            refused += history.events.count { $0.kind == .refused }
            completed += outcome?.task.status == .completed ? 1 : 0
            failed += outcome?.task.status == .failed ? 1 : 0
            begunAgain += outcome.map { $0.task.revision > 3 } == true ? 1 : 0
        }

        var description: String {
            """
            tasks of workers \(orders), of which completed \(completed), failed as their worker was lost \(failed), \
            begun again \(begunAgain), claims of workers \(claims), late results refused \(refused)
            """
        }
    }
}

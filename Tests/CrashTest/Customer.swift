import Taskwire
import TaskwireClient
import TaskwireTestSupport

/// Orders work, one task after the other, and waits for it until the ledger is stopped.
struct Customer {
    /// A task that has ended, and how.
    struct Ended: Sendable {
        var taskID: String
        var outcome: TaskOutcome
    }

    /// How many tasks that have ended are left in the store, to be looked at again.
    private static let memory = 50

    let caller: Caller
    let book: OrderBook
    var generator: SeededGenerator
    private var ended: [Ended] = []

    init(caller: Caller, book: OrderBook, generator: SeededGenerator) {
        self.caller = caller
        self.book = book
        self.generator = generator
    }

    /// Returns the tasks that are left.
    mutating func run() async -> [Ended] {
        while !caller.ledger.isStopped, !Task.isCancelled {
            do {
                try await order()
                if ended.count > Self.memory { try await remove(ended.removeFirst()) }
            } catch {
                caller.ledger.report(error)
            }
        }
        return ended
    }

    private mutating func order() async throws(Violation) {
        let requestID = RequestID(high: generator.next(), low: generator.next())
        let taskID = "order-\(requestID)"
        let order = WorkOrder(
            .complete,
            isRepeatable: Bool.random(using: &generator),
            milliseconds: Int.random(in: 0...300, using: &generator)
        )
        book.open(taskID, order)
        let outcome = try await answered("order \(taskID)") { [caller] in
            let request = CreateTaskRequest(
                taskID: taskID,
                labels: [OrderBook.label: OrderBook.pool],
                request: try Payload(json: order)
            )
            let options = CallOptions(timeout: Caller.patience, requestID: requestID)
            _ = try await caller.client.createTask(request, options: options)
            return try await caller.client.waitForResult(taskID, timeout: Caller.patience)
        }
        book.close(taskID, outcome)
        ended.append(Ended(taskID: taskID, outcome: outcome))
    }

    /// Removes a task that nobody else looks at any more, after a last look at it.
    private func remove(_ order: Ended) async throws(Violation) {
        await Auditor(caller: caller).read(order)
        let isRemoved = try await answered("order \(order.taskID)") { [caller] in
            let options = CallOptions(timeout: Caller.patience)
            return try await caller.client.deleteTask(order.taskID, options: options)
        }
        guard isRemoved else { throw Violation(.lost, "order \(order.taskID) was not there to be removed") }
    }

    /// Calls what has to succeed, however often servers are killed meanwhile.
    private func answered<Output>(
        _ name: String,
        _ call: () async throws -> Output
    ) async throws(Violation) -> Output {
        do {
            return try await call()
        } catch {
            throw Violation(.unexpected, "\(name): \(error)")
        }
    }
}

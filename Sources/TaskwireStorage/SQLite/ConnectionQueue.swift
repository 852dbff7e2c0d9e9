internal import DequeModule
internal import GRDB
internal import Synchronization

/// Jobs that wait for a database connection. An idle connection takes on all of them, one after the other, so that
/// many callers cost one change of thread, and a writer sees all that it can commit together.
final class ConnectionQueue<Job: Sendable>: Sendable {
    private struct State {
        var waiting: Deque<Job> = []
        var idle: [DatabaseQueue]
        var isClosed = false
    }

    private let connections: [DatabaseQueue]
    private let state: Mutex<State>
    private let work: @Sendable (Database, _ next: () -> Job?) -> Void

    /// A queue that the given connections work off.
    /// - Parameter work: Runs on a connection while jobs wait, and takes at least one of them with `next`.
    init(
        connections: [DatabaseQueue],
        work: @escaping @Sendable (Database, _ next: () -> Job?) -> Void
    ) {
        self.connections = connections
        self.work = work
        state = Mutex(State(idle: connections))
    }

    /// Lets a connection take on `job`. Returns `false` once the queue is closed.
    func submit(_ job: Job) -> Bool {
        let (isTaken, connection) = state.withLock { state -> (Bool, DatabaseQueue?) in
            guard !state.isClosed else { return (false, nil) }
            state.waiting.append(job)
            return (true, state.idle.popLast())
        }
        connection?.asyncWriteWithoutTransaction { [self] db in
            while hasWork(for: connection) { work(db) { takeJob() } }
        }
        return isTaken
    }

    /// Waits until the jobs that were taken on are done, and closes the connections. Blocks the thread.
    func close() throws {
        state.withLock { $0.isClosed = true }
        for connection in connections { try connection.close() }
    }

    /// Whether a job waits; else the connection is idle from now on.
    private func hasWork(for connection: DatabaseQueue?) -> Bool {
        state.withLock { state in
            guard state.waiting.isEmpty else { return true }
            if let connection { state.idle.append(connection) }
            return false
        }
    }

    private func takeJob() -> Job? {
        state.withLock { $0.waiting.popFirst() }
    }
}

internal import DequeModule
internal import Synchronization

/// A connection to a database, with a thread of its own while it works.
protocol QueuedConnection: Sendable {
    /// What that thread may use.
    associatedtype Handle

    /// Runs `body` on the thread, after what was given to it before. Returns at once.
    func submit(_ body: @escaping @Sendable (Handle) -> Void)

    /// Waits for what was given to it, and closes the connection. Blocks the thread.
    func close() throws
}

/// Jobs that wait for a database connection. An idle connection takes on all of them, one after the other, so that
/// many callers cost one change of thread, and a writer sees all that it can commit together.
final class ConnectionQueue<Connection: QueuedConnection & AnyObject, Job: Sendable>: Sendable {
    private struct State {
        var waiting: Deque<Job> = []
        var idle: [Connection]
        var isClosed = false
    }

    private let connections: [Connection]
    private let state: Mutex<State>
    private let work: @Sendable (Connection.Handle, _ next: () -> Job?) -> Void

    /// A queue that the given connections work off.
    /// - Parameter work: Runs on a connection while jobs wait, and takes at least one of them with `next`.
    init(
        connections: [Connection],
        work: @escaping @Sendable (Connection.Handle, _ next: () -> Job?) -> Void
    ) {
        self.connections = connections
        self.work = work
        state = Mutex(State(idle: connections))
    }

    /// Lets a connection take on `job`. Returns `false` once the queue is closed.
    func submit(_ job: Job) -> Bool {
        state.withLock { state in
            guard !state.isClosed else { return false }
            state.waiting.append(job)
            if let connection = state.idle.popLast() {
                // Under the lock, so that a connection is closed after all it was given. It runs on another thread.
                connection.submit { [self] handle in
                    var taken: Deque<Job> = []
                    while hasWork(taken, for: connection) { work(handle) { takeJob(from: &taken) } }
                }
            }
            return true
        }
    }

    /// Waits until the jobs that were taken on are done, and closes the connections. Blocks the thread.
    /// - Throws: What the first connection throws that cannot be closed; the others are closed.
    func close() throws {
        state.withLock { $0.isClosed = true }
        let results = connections.map { connection in Result { try connection.close() } }
        for result in results { try result.get() }
    }

    /// Whether a job waits or was taken already; else the connection is idle from now on.
    private func hasWork(_ taken: Deque<Job>, for connection: Connection) -> Bool {
        guard taken.isEmpty else { return true }
        return state.withLock { state in
            guard state.waiting.isEmpty else { return true }
            state.idle.append(connection)
            return false
        }
    }

    private func takeJob(from taken: inout Deque<Job>) -> Job? {
        if let job = taken.popFirst() { return job }
        return state.withLock { state in
            // Nobody else would do what waits, and a lock for each job would be in the way of those who bring more.
            if connections.count == 1 { swap(&taken, &state.waiting) }
            return taken.popFirst() ?? state.waiting.popFirst()
        }
    }
}

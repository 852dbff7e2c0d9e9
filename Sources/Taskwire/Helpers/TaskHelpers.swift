/// Whether `status` is one of the three that a task never leaves.
public func isTerminal(_ status: TaskStatus) -> Bool {
    status.isTerminal
}

/// What the requestor of a task says about it: the `task` member of an augmented MCP request.
public struct TaskMetadata: Sendable, Hashable {
    /// Time to live; `nil` means no limit.
    public var ttl: Duration?

    /// Metadata with the given time to live.
    public init(ttl: Duration? = nil) {
        self.ttl = ttl
    }
}

/// Returns a new task in `working`, created now, with a poll interval of 500 ms; no store knows it.
///
/// A helper for implementations of stores. An id is generated unless one is given.
public func createTaskState(metadata: TaskMetadata = TaskMetadata(), taskID: String? = nil) -> TaskState {
    TaskState(
        id: taskID ?? generateTaskID(),
        createdAt: .now,
        ttlMilliseconds: metadata.ttl?.millisecondsRoundedUp
    )
}

/// Cancels a task as MCP's `tasks/cancel` demands.
///
/// Source: MCP 2025-11-25, "Tasks", "Task Cancellation": terminal tasks must be rejected with -32602.
/// - Returns: The cancelled task.
/// - Throws: ``TaskwireError`` with the JSON-RPC code -32602 and the message `Task not found: ID` or
///   `Cannot cancel task in terminal state 'STATE'`, besides the common errors of ``TaskStore``.
@discardableResult
public func cancelTask(_ taskID: String, in store: some TaskStore) async throws -> TaskState {
    try await store.cancelTask(taskID)
}

/// Returns the task's snapshots: the present one, then one after each change, the last one terminal.
///
/// Changes that follow each other closely may show as one. Where the MCP Python SDK's `poll_until_terminal`
/// sleeps, this waits for the task's revision.
public func pollUntilTerminal(_ taskID: String, in store: some TaskStore) -> TaskSnapshots {
    TaskSnapshots(taskID: taskID, store: store)
}

/// The snapshots of one task until it ends.
///
/// Iterating throws what ``TaskStore/waitTask(_:options:)`` throws, such as NOT_FOUND when the task goes.
public struct TaskSnapshots: AsyncSequence, Sendable {
    let taskID: String
    let store: any TaskStore

    /// Makes an iterator that begins with the present snapshot.
    public func makeAsyncIterator() -> Iterator {
        Iterator(taskID: taskID, store: store)
    }

    /// Waits for one snapshot after the other.
    public struct Iterator: AsyncIteratorProtocol {
        let taskID: String
        let store: any TaskStore
        var last: TaskState?

        /// Returns the next snapshot, or `nil` after the terminal one.
        public mutating func next() async throws -> TaskState? {
            if last?.status.isTerminal == true { return nil }
            guard let seen = last else {
                last = try await store.getTask(taskID)
                return last
            }
            while true {
                try Task.checkCancellation()
                let request = WaitTaskRequest(taskID: taskID, afterRevision: seen.revision)
                let change = try await store.waitTask(request, options: .default)
                if change.isChanged {
                    last = change.task
                    return last
                }
            }
        }
    }
}

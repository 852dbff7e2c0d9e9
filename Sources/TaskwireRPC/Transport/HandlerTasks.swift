internal import Synchronization

/// The Swift tasks of handlers that wait for something, so that they can be cancelled together.
final class HandlerTasks: Sendable {
    private struct State {
        var isCancelled = false
        var lastID: UInt64 = 0
        var tasks: [UInt64: Task<Void, Never>] = [:]
    }

    /// The state that a task and its starter share.
    private final class Entry: Sendable {
        let id: UInt64
        /// True once the task has ended.
        let hasEnded = Atomic(false)
        /// True once the starter has gone on before the task ended.
        let isWaiting = Atomic(false)

        init(id: UInt64) { self.id = id }
    }

    private let state = Mutex(State())
    private let lastID = Atomic<UInt64>(0)

    /// Runs the body on this thread until it waits for something, and then on nng's callback threads and Swift's own.
    func runNow(_ body: @escaping @Sendable () async -> Void) {
        let entry = Entry(id: lastID.add(1, ordering: .relaxed).newValue)
        let task = Task.immediate(executorPreference: CallbackExecutor.shared) {
            await body()
            self.end(entry)
        }
        guard !entry.hasEnded.load(ordering: .acquiring) else { return }
        entry.isWaiting.store(true, ordering: .sequentiallyConsistent)
        keep(task, entry)
    }

    /// Runs the body as soon as there is a thread for it.
    func run(_ body: @escaping @Sendable () async -> Void) {
        let entry = Entry(id: lastID.add(1, ordering: .relaxed).newValue)
        entry.isWaiting.store(true, ordering: .sequentiallyConsistent)
        keep(
            Task(executorPreference: CallbackExecutor.shared) {
                await body()
                self.end(entry)
            },
            entry
        )
    }

    /// Cancels those that wait, and those that will.
    func cancelAll() {
        let tasks = state.withLock { state in
            state.isCancelled = true
            return state.tasks.values
        }
        for task in tasks { task.cancel() }
    }

    private func keep(_ task: Task<Void, Never>, _ entry: Entry) {
        let isCancelled = state.withLock { state in
            if !entry.hasEnded.load(ordering: .sequentiallyConsistent) { state.tasks[entry.id] = task }
            return state.isCancelled
        }
        if isCancelled { task.cancel() }
    }

    private func end(_ entry: Entry) {
        entry.hasEnded.store(true, ordering: .sequentiallyConsistent)
        // Most have never waited, and so are not among the tasks.
        if entry.isWaiting.load(ordering: .sequentiallyConsistent) {
            _ = state.withLock { $0.tasks.removeValue(forKey: entry.id) }
        }
    }
}

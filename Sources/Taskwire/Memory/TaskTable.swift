internal import Synchronization

/// Stored tasks by their key, in many parts: none of them takes long to grow, and each has its own lock, so that who reads a
/// task waits neither for those who read others nor for a change until it is stored.
final class TaskTable: Sendable {
    private final class Part: Sendable {
        struct State {
            var tasks: Set<TaskReference> = []
            /// One for all, so that no look takes memory.
            let sought = SoughtTask(TaskKey(owner: "", id: ""))

            /// The task under `key`.
            func task(_ key: TaskKey, hash: Int) -> StoredTask? {
                sought.look(for: key, hash: hash)
                return tasks.firstIndex(of: .sought(sought)).flatMap { tasks[$0].task }
            }
        }

        let state = Mutex(State())
    }

    private static let partCount = 256
    private let parts = (0..<partCount).map { _ in Part() }

    /// The task under `key`.
    subscript(key: TaskKey) -> StoredTask? {
        let hash = key.hashValue
        return part(hash).state.withLock { $0.task(key, hash: hash) }
    }

    /// What reads need of the record under `key`.
    func read(_ key: TaskKey) -> TaskRecord? {
        let hash = key.hashValue
        return part(hash).state.withLock { $0.task(key, hash: hash)?.shown }
    }

    /// Adds a task under a key that has none.
    func insert(_ task: StoredTask) {
        _ = part(task.key.hashValue).state.withLock { $0.tasks.insert(.stored(task)) }
    }

    /// Stores another record of a task.
    func update(_ task: StoredTask, to record: TaskRecord) {
        let contents = StoredTask.Contents(record)
        // What it was before goes when the lock is free again.
        _ = part(record.key.hashValue).state.withLock { _ in task.exchange(contents) }
    }

    func remove(_ task: StoredTask) {
        let (key, hash) = (task.key, task.key.hashValue)
        _ = part(hash).state.withLock { state in
            state.sought.look(for: key, hash: hash)
            return state.tasks.remove(.sought(state.sought))
        }
    }

    private func part(_ hash: Int) -> Part { parts[hash & (Self.partCount - 1)] }
}

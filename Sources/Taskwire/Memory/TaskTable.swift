/// Stored tasks by their key. The hash table is in many parts, so that none of them takes long to grow.
struct TaskTable {
    private static let partCount = 256
    private var parts = [Set<TaskReference>](repeating: [], count: partCount)
    /// One for all, so that no look takes memory.
    private let sought = SoughtTask(TaskKey(owner: "", id: ""))

    /// The task under `key`.
    subscript(key: TaskKey) -> StoredTask? {
        sought.look(for: key)
        let task = TaskReference.sought(sought)
        let part = parts[Self.part(of: task)]
        return part.firstIndex(of: task).flatMap { part[$0].task }
    }

    /// Adds a task under a key that has none.
    mutating func insert(_ task: StoredTask) {
        let task = TaskReference.stored(task)
        parts[Self.part(of: task)].insert(task)
    }

    mutating func remove(_ task: StoredTask) {
        let task = TaskReference.stored(task)
        parts[Self.part(of: task)].remove(task)
    }

    private static func part(of task: TaskReference) -> Int {
        task.keyHash & (partCount - 1)
    }
}

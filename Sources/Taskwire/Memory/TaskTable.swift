/// Stored tasks by their key. The hash table is in many parts, so that none of them takes long to grow.
struct TaskTable {
    private static let partCount = 256
    private var parts = [Set<TaskReference>](repeating: [], count: partCount)
    /// One for all, so that no look takes memory.
    private let sought = SoughtTask(TaskKey(owner: "", id: ""))

    /// The task under `key`.
    subscript(key: TaskKey) -> StoredTask? {
        sought.look(for: key)
        let part = parts[soughtPart]
        return part.firstIndex(of: .sought(sought)).flatMap { part[$0].task }
    }

    /// Adds a task under a key that has none.
    mutating func insert(_ task: StoredTask) {
        seek(task)
        parts[soughtPart].insert(.stored(task))
    }

    mutating func remove(_ task: StoredTask) {
        seek(task)
        parts[soughtPart].remove(.sought(sought))
    }

    private var soughtPart: Int { sought.keyHash & (Self.partCount - 1) }

    /// Mostly the key was looked for just now.
    private func seek(_ task: StoredTask) {
        let key = task.key
        if key != sought.key { sought.look(for: key) }
    }
}

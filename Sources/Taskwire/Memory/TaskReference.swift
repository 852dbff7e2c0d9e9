/// A task that is stored, or one that is looked for. Both are the same to what finds tasks by their key.
enum TaskReference: Sendable {
    case stored(StoredTask)
    case sought(SoughtTask)

    /// To look for the task under `key`.
    init(to key: TaskKey) {
        self = .sought(SoughtTask(key))
    }

    /// The task, where it is a stored one.
    var task: StoredTask? {
        if case .stored(let task) = self { task } else { nil }
    }

    /// Names the task.
    var key: TaskKey {
        switch self {
        case .stored(let task): task.key
        case .sought(let task): task.key
        }
    }

    /// The hash of the key.
    var keyHash: Int {
        switch self {
        case .stored(let task): task.key.hashValue
        case .sought(let task): task.keyHash
        }
    }
}

extension TaskReference: Hashable {
    static func == (left: TaskReference, right: TaskReference) -> Bool {
        left.key == right.key
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(keyHash)
    }
}

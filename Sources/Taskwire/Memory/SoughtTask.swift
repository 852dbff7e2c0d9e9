/// The key of a task that is looked for, and its hash, which is computed once.
///
/// `@unchecked Sendable` is safe: one that others can find belongs to a part of a ``TaskTable``, whose lock they hold.
final class SoughtTask: @unchecked Sendable {
    private(set) var key: TaskKey
    private(set) var keyHash: Int

    init(_ key: TaskKey) {
        self.key = key
        keyHash = key.hashValue
    }

    /// Looks for another one.
    func look(for key: TaskKey, hash: Int) {
        self.key = key
        keyHash = hash
    }
}

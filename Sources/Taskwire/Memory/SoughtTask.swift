/// The key of a task that is looked for, and its hash, which is computed once.
///
/// `@unchecked Sendable` is safe: whoever reads or writes it holds the lock of the storage.
final class SoughtTask: @unchecked Sendable {
    private(set) var key: TaskKey
    private(set) var keyHash: Int

    init(_ key: TaskKey) {
        self.key = key
        keyHash = key.hashValue
    }

    /// Looks for another one.
    func look(for key: TaskKey) {
        self.key = key
        keyHash = key.hashValue
    }
}

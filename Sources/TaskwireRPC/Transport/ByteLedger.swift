internal import Synchronization

/// Counts the bytes that messages hold in memory.
final class ByteLedger: Sendable {
    private let count = Atomic(0)

    /// The bytes that are held right now.
    var byteCount: Int { count.load(ordering: .relaxed) }

    /// Counts so many more.
    func charge(_ bytes: Int) {
        count.add(bytes, ordering: .relaxed)
    }

    /// Counts so many less.
    func credit(_ bytes: Int) {
        count.subtract(bytes, ordering: .relaxed)
    }
}

internal import Synchronization

/// Counts the bytes that messages hold in memory.
final class ByteLedger: Sendable {
    private let count = Atomic(0)
    /// Where the same bytes are counted together with others.
    private let whole: ByteLedger?

    init(partOf whole: ByteLedger? = nil) {
        self.whole = whole
    }

    /// The bytes that are held right now.
    var byteCount: Int { count.load(ordering: .relaxed) }

    /// Counts so many more.
    func charge(_ bytes: Int) {
        count.add(bytes, ordering: .relaxed)
        whole?.charge(bytes)
    }

    /// Counts so many less.
    func credit(_ bytes: Int) {
        count.subtract(bytes, ordering: .relaxed)
        whole?.credit(bytes)
    }
}

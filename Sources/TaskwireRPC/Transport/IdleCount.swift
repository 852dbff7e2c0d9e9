internal import Synchronization

/// Counts the contexts that wait for requests, and tells once when there are too few.
final class IdleCount: Sendable {
    private let count = Atomic(0)
    private let hasTold = Atomic(false)
    private let reserve: Int

    /// There are too few when fewer than `reserve` are left.
    init(reserve: Int) {
        self.reserve = reserve
    }

    /// The number of contexts.
    var value: Int {
        count.load(ordering: .relaxed)
    }

    func increment() {
        count.add(1, ordering: .relaxed)
    }

    /// Returns whether there are too few now, for the first time since ``rearm()``.
    func decrement() -> Bool {
        let (_, value) = count.subtract(1, ordering: .relaxed)
        return value < reserve && !hasTold.exchange(true, ordering: .relaxed)
    }

    /// Lets the next shortage be told again. To be called before looking at `value` to make up for one.
    func rearm() {
        hasTold.store(false, ordering: .relaxed)
    }
}

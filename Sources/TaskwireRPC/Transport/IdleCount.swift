internal import Synchronization

/// Counts the contexts that wait for requests, and tells once when there are too few.
final class IdleCount: Sendable {
    private let count = Atomic(0)
    private let hasTold = Atomic(false)
    private let reserve: Int
    private let onShortage: @Sendable () -> Void

    /// `onShortage` is called, on any thread, when fewer than `reserve` are left.
    init(reserve: Int, onShortage: @escaping @Sendable () -> Void) {
        self.reserve = reserve
        self.onShortage = onShortage
    }

    /// The number of contexts.
    var value: Int {
        count.load(ordering: .relaxed)
    }

    func add(_ difference: Int) {
        let (_, value) = count.add(difference, ordering: .relaxed)
        if value < reserve && difference < 0 && !hasTold.exchange(true, ordering: .relaxed) {
            onShortage()
        }
    }

    /// Lets the next shortage be told again. To be called before looking at `value` to make up for one.
    func rearm() {
        hasTold.store(false, ordering: .relaxed)
    }
}

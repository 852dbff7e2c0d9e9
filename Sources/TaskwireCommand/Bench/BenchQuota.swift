internal import Synchronization

/// How much there is to do, for all callers together.
final class BenchQuota: Sendable {
    private let deadline: ContinuousClock.Instant?
    private let rest: Atomic<Int>

    /// So many operations.
    init(count: Int) {
        deadline = nil
        rest = Atomic(count)
    }

    /// As many operations as begin within this time, from now on.
    init(duration: Duration) {
        deadline = .now + duration
        rest = Atomic(0)
    }

    /// Whether there is one more operation to do, which the caller then has to do.
    func take() -> Bool {
        if let deadline { return .now < deadline }
        return rest.subtract(1, ordering: .relaxed).oldValue > 0
    }
}

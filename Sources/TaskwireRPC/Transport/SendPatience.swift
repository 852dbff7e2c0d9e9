internal import CNNG
internal import Synchronization

/// How long replies may wait for their readers: less when many wait, as each holds a context that others need.
final class SendPatience: Sendable {
    private let waitingCount = Atomic(0)
    private let crowd: Int
    private let longest: nng_duration
    private let shortest: nng_duration

    /// The longest wait is for as long as fewer than `crowd` replies wait.
    init(longest: Duration, crowd: Int) {
        self.crowd = crowd
        self.longest = nng_duration(max(1, min(longest / .milliseconds(1), Double(nng_duration.max))))
        shortest = min(self.longest, 2000)
    }

    /// A reply begins to wait; returns for how long it may.
    func begin() -> nng_duration {
        waitingCount.add(1, ordering: .relaxed).newValue <= crowd ? longest : shortest
    }

    /// A reply has left, or never will.
    func end() {
        waitingCount.subtract(1, ordering: .relaxed)
    }
}

/// A moment by the two clocks of a store.
public struct TaskInstant: Sendable, Hashable {
    /// By the clock that does not jump. Everything that lasts is judged by it: waits, leases, lives.
    public var steady: Timestamp
    /// By the wall clock, which can be set. It is what people are shown, and nothing is judged by it.
    public var wall: Timestamp

    /// A moment.
    public init(steady: Timestamp, wall: Timestamp) {
        self.steady = steady
        self.wall = wall
    }

    /// How far the steady clock is ahead of the wall clock, in milliseconds; negative where it is behind.
    package var lead: Int64 { steady.milliseconds(since: wall) }

    /// The moment at which the steady clock shows `steady`, while it is as far ahead of the wall clock as now.
    package func moved(to steady: Timestamp) -> TaskInstant {
        TaskInstant(steady: steady, wall: steady.adding(milliseconds: 0 &- lead))
    }
}

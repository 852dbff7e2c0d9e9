/// Notices when a process that should run did not: it was stopped, or its machine suspended.
///
/// A value: it has no clock of its own, and is told the time by whoever asks and by a task that beats.
package struct Heartbeat: Sendable {
    /// The time from one beat to the next, in milliseconds.
    package static let interval: Int64 = 250
    /// A beat that is later than this ends a gap. Nobody loses a lease in a shorter one who renews in time: a lease lasts a
    /// second at least, and is renewed after a third of that.
    private static let tolerance: Int64 = 600
    /// A gap is of no consequence for longer: the longest lease is renewed in this time.
    private static let memory = TaskLimits.leaseMilliseconds.upperBound / 3

    private var lastBeat: Timestamp?
    private var lastGap: (length: Int64, end: Timestamp)?

    /// One of a process that has only begun.
    package init() {}

    /// The end of the last gap of at least `length` milliseconds before `now`; nil where there was none, or where it was so long
    /// ago that it is of no consequence. It may be the end of a shorter one that came soon after.
    package mutating func endOfGap(ofAtLeast length: Int64, before now: Timestamp) -> Timestamp? {
        look(at: now)
        guard let lastGap, lastGap.length >= length else { return nil }
        return lastGap.end
    }

    /// The process runs at `now`.
    package mutating func beat(at now: Timestamp) {
        look(at: now)
        lastBeat = now
    }

    /// Nobody beats any more, and a silence is no gap.
    package mutating func stop() {
        lastBeat = nil
    }

    private mutating func look(at now: Timestamp) {
        if let gap = lastGap, now.milliseconds(since: gap.end) > Self.memory { lastGap = nil }
        guard let last = lastBeat, case let length = now.milliseconds(since: last), length > Self.tolerance
        else { return }
        lastBeat = now
        lastGap = (max(length, lastGap?.length ?? 0), now)
    }
}

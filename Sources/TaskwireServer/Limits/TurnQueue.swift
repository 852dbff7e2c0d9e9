internal import DequeModule
internal import HeapModule

/// Work that waits, of owners that take turns by the time that their work has used: a value without threads or a clock.
///
/// The next turn is that of the owner who has used the least, so that one with much to do leaves others their share. One that
/// comes back begins where the others are: nobody saves up turns (start-time fair queueing: Goyal, Vin and Cheng, 1996).
package struct TurnQueue<Work> {
    private struct Owner {
        var waiting: Deque<Work> = []
        /// The time that its work has used, counted on from that of others when it came.
        var used: Duration
        /// Its work that is going on.
        var runningCount = 0

        var isIdle: Bool { waiting.isEmpty && runningCount == 0 }
    }

    /// The next turn of an owner that has work waiting, which has one at a time.
    private struct Turn: Comparable {
        /// The time that the owner had used when this was noted, or less than it has used by now.
        var used: Duration
        var owner: String

        static func < (left: Turn, right: Turn) -> Bool {
            (left.used, left.owner) < (right.used, right.owner)
        }
    }

    private var owners: [String: Owner] = [:]
    private var turns: Heap<Turn> = []
    /// The time that the owner had used whose turn was last.
    private var now = Duration.zero

    /// An empty queue.
    package init() {}

    /// Work that waits.
    package private(set) var count = 0

    /// Adds work of an owner behind all that the owner has waiting.
    package mutating func append(_ work: Work, of owner: String) {
        count += 1
        if let entry = owners[owner], entry.isIdle { owners[owner]?.used = max(entry.used, now) }
        owners[owner, default: Owner(used: now)].waiting.append(work)
        if let entry = owners[owner], entry.waiting.count == 1 {
            turns.insert(Turn(used: entry.used, owner: owner))
        }
    }

    /// Takes the work whose turn it is; ``end(_:after:)`` is to be called when it has been done.
    package mutating func next() -> (work: Work, owner: String)? {
        while var turn = turns.popMin() {
            guard let used = owners[turn.owner]?.used else { continue }
            let isOld = turn.used < used
            turn.used = used
            guard !isOld else {
                turns.insert(turn)
                continue
            }
            guard let work = owners[turn.owner]?.waiting.popFirst() else { continue }
            owners[turn.owner]?.runningCount += 1
            if owners[turn.owner]?.waiting.isEmpty == false { turns.insert(turn) }
            count -= 1
            now = max(now, used)
            return (work, turn.owner)
        }
        return nil
    }

    /// Work of an owner has taken so long.
    package mutating func end(_ owner: String, after duration: Duration) {
        owners[owner]?.used += duration
        owners[owner]?.runningCount -= 1
        if let entry = owners[owner], entry.isIdle, entry.used <= now { owners[owner] = nil }
    }

    /// Forgets what owners have used that have no work.
    package mutating func forgetIdle() {
        owners = owners.filter { !$0.value.isIdle }
    }
}

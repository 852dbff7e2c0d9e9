import Synchronization
public import Taskwire

/// A clock that stands still until a test moves it.
public final class ManualClock: TaskClock {
    fileprivate struct Sleeper {
        var moment: Timestamp
        var continuation: CheckedContinuation<Void, Never>
    }

    fileprivate struct State {
        var now: Timestamp
        /// How far the steady clock is ahead of the wall clock, in milliseconds.
        var lead: Int64 = 0
        var sleepers: [UInt64: Sleeper] = [:]
        var cancelled: Set<UInt64> = []
        var nextID: UInt64 = 0
        var watchers: [(moment: Timestamp, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state: Mutex<State>

    /// A clock that shows `now`.
    public init(now: Timestamp = Timestamp(millisecondsSince1970: 1_764_066_600_000)) {
        state = Mutex(State(now: now))
    }

    /// What it shows.
    public var instant: TaskInstant {
        state.withLock { TaskInstant(steady: $0.now, wall: $0.now.adding(milliseconds: -$0.lead)) }
    }

    /// Sets the wall clock: ahead by `duration`, or back by a negative one. No time passes.
    public func setWallClock(ahead duration: Duration) {
        let milliseconds = Int64((duration / .milliseconds(1)).rounded())
        state.withLock { $0.lead -= milliseconds }
    }

    /// Suspends until a test has moved the clock to `moment`.
    public func sleep(until moment: Timestamp) async throws {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let woken: [CheckedContinuation<Void, Never>] = state.withLock { state in
                    if state.cancelled.remove(id) != nil || moment <= state.now { return [continuation] }
                    state.sleepers[id] = Sleeper(moment: moment, continuation: continuation)
                    return state.takeSatisfiedWatchers()
                }
                for continuation in woken { continuation.resume() }
            }
        } onCancel: {
            let continuation = state.withLock { state in
                let sleeper = state.sleepers.removeValue(forKey: id)
                if sleeper == nil { state.cancelled.insert(id) }
                return sleeper?.continuation
            }
            continuation?.resume()
        }
        try Task.checkCancellation()
    }

    /// Moves the clock and wakes everybody whose time has come.
    public func advance(by duration: Duration) {
        let milliseconds = Int64((duration / .milliseconds(1)).rounded())
        let woken = state.withLock { state in
            let now = state.now.millisecondsSince1970 + milliseconds
            state.now = Timestamp(millisecondsSince1970: now)
            let due = state.sleepers.filter { $0.value.moment <= state.now }
            for id in due.keys { state.sleepers[id] = nil }
            return due.values.map(\.continuation)
        }
        for continuation in woken { continuation.resume() }
    }

    /// Returns as soon as somebody sleeps until exactly `duration` from now.
    public func untilSleeping(for duration: Duration) async {
        let milliseconds = Int64((duration / .milliseconds(1)).rounded())
        await withCheckedContinuation { continuation in
            let woken = state.withLock { state in
                let moment = Timestamp(millisecondsSince1970: state.now.millisecondsSince1970 + milliseconds)
                state.watchers.append((moment, continuation))
                return state.takeSatisfiedWatchers()
            }
            for continuation in woken { continuation.resume() }
        }
    }
}

extension ManualClock.State {
    fileprivate mutating func takeSatisfiedWatchers() -> [CheckedContinuation<Void, Never>] {
        var satisfied: [CheckedContinuation<Void, Never>] = []
        let sleepers = sleepers.values
        watchers.removeAll { watcher in
            guard sleepers.contains(where: { $0.moment == watcher.moment }) else { return false }
            satisfied.append(watcher.continuation)
            return true
        }
        return satisfied
    }
}

internal import SortedCollections
internal import Synchronization

/// Wakes waiters at given moments. However many there are, one Swift task sleeps.
final class AlarmClock: Sendable {
    private struct Alarm: Comparable {
        let moment: Timestamp
        let waiter: Waiter

        private var place: (Timestamp, UInt) { (moment, UInt(bitPattern: ObjectIdentifier(waiter))) }

        static func == (left: Alarm, right: Alarm) -> Bool { left.place == right.place }
        static func < (left: Alarm, right: Alarm) -> Bool { left.place < right.place }
    }

    private struct Sleeper {
        let moment: Timestamp
        let task: Task<Void, Never>
    }

    private struct State {
        var alarms = SortedSet<Alarm>()
        /// Who sleeps until the first alarm, or until an earlier one that is not set any more.
        var sleeper: Sleeper?
    }

    private let clock: any TaskClock
    private let state = Mutex(State())

    init(clock: any TaskClock) {
        self.clock = clock
    }

    deinit {
        state.withLock { $0.sleeper?.task.cancel() }
    }

    /// Wakes the waiter at `moment`, unless the alarm is unset before.
    func set(_ waiter: Waiter, at moment: Timestamp) {
        state.withLock { state in
            state.alarms.insert(Alarm(moment: moment, waiter: waiter))
            sleepUntilFirst(&state)
        }
    }

    /// Harmless where the waiter has no alarm at that moment.
    func unset(_ waiter: Waiter, at moment: Timestamp) {
        state.withLock { state in
            state.alarms.remove(Alarm(moment: moment, waiter: waiter))
            if state.alarms.isEmpty { state.sleeper.take()?.task.cancel() }
        }
    }

    private func sleepUntilFirst(_ state: inout State) {
        guard let moment = state.alarms.first?.moment, state.sleeper.map({ moment < $0.moment }) ?? true
        else {
            return
        }
        state.sleeper?.task.cancel()
        let task = Task { [clock, weak self] in
            guard (try? await clock.sleep(until: moment)) != nil else { return }
            self?.ring(at: moment)
        }
        state.sleeper = Sleeper(moment: moment, task: task)
    }

    /// Wakes those whose moment has come, and sees to the next.
    private func ring(at moment: Timestamp) {
        let due = state.withLock { state in
            let due = state.alarms.prefix { $0.moment <= moment }.map(\.self)
            for alarm in due { state.alarms.remove(alarm) }
            if state.sleeper?.moment == moment { state.sleeper = nil }
            sleepUntilFirst(&state)
            return due
        }
        for alarm in due { alarm.waiter.wake() }
    }
}

import Synchronization
import Taskwire

/// The system's clocks, wound forward before each update: a task that is changed more often than it may be refuses changes.
final class CostClock: TaskClock {
    private let system = SystemTaskClock()
    private let milliseconds = Atomic<Int64>(0)

    var instant: TaskInstant {
        let now = system.instant
        let lead = milliseconds.load(ordering: .relaxed)
        return TaskInstant(steady: Self.adding(lead, to: now.steady), wall: Self.adding(lead, to: now.wall))
    }

    func sleep(until moment: Timestamp) async throws {
        try await system.sleep(until: Self.adding(-milliseconds.load(ordering: .relaxed), to: moment))
    }

    /// Lets two seconds pass at once.
    func advance() {
        milliseconds.add(2000, ordering: .relaxed)
    }

    private static func adding(_ milliseconds: Int64, to moment: Timestamp) -> Timestamp {
        Timestamp(millisecondsSince1970: moment.millisecondsSince1970 + milliseconds)
    }
}

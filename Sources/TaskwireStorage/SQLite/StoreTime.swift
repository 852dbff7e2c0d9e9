internal import Synchronization
internal import Taskwire

/// The time of a store's file, which outlasts the processes that use it.
///
/// Its steady clock goes on from one process to the next: the file knows how far it is ahead of the wall clock. A wall clock
/// that is set while a process runs thus moves no lease and no expiry, then or later; one that is set while none runs moves
/// them by as much.
final class StoreTime: Sendable {
    private let clock: any TaskClock
    /// How far the store's steady clock is ahead of this process's, in milliseconds.
    private let offset: Int64
    /// How far it is ahead of the wall clock, as the file has it.
    private let storedLead: Atomic<Int64>

    /// - Parameter storedLead: How far the store's steady clock is ahead of the wall clock, as the file has it, in milliseconds.
    init(clock: any TaskClock, storedLead: Int64) {
        self.clock = clock
        // A damaged file may have any number.
        offset = storedLead &- clock.instant.lead
        self.storedLead = Atomic(storedLead)
    }

    /// The moment by the store's time.
    func time(at instant: TaskInstant) -> TaskInstant {
        TaskInstant(steady: instant.steady.adding(milliseconds: offset), wall: instant.wall)
    }

    /// How far the store's steady clock is ahead of the wall clock, where the file does not have it.
    var unstoredLead: Int64? { unstoredLead(at: clock.instant) }

    /// The same at a moment of this process's clocks.
    func unstoredLead(at instant: TaskInstant) -> Int64? {
        let lead = instant.lead &+ offset
        return lead == storedLead.load(ordering: .relaxed) ? nil : lead
    }

    /// The file has it.
    func noteStored(_ lead: Int64) {
        storedLead.store(lead, ordering: .relaxed)
    }
}

/// A task as a storage keeps it: what callers see, and what the rules need beside it.
///
/// A removed task stays as a tombstone: the record without its payloads, so that late retries are answered and
/// its revisions are never reused.
public struct TaskRecord: Sendable, Hashable {
    /// The task in full view, but for ``TaskState/inputRequests``, which follow from ``interactions``.
    package var state: TaskState
    // An optional `end` would take a word more.
    private var hasEnded: Bool
    /// The last mutations, so that a retry is answered and not applied again.
    package var mutations: MutationLog
    private var rest: Sparse<Rest>
    private var end: Timestamp

    package init(state: TaskState) {
        self.state = state
        mutations = MutationLog()
        rest = Sparse()
        end = Timestamp(millisecondsSince1970: 0)
        hasEnded = false
    }

    /// When the task reached a terminal state, by the steady clock.
    package var endedAt: Timestamp? {
        get { hasEnded ? end : nil }
        set {
            end = newValue ?? Timestamp(millisecondsSince1970: 0)
            hasEnded = newValue != nil
        }
    }
    /// Why and when the task was removed; `nil` while it is there.
    package var tombstone: Tombstone? {
        get { rest.content?.value.tombstone }
        set { if newValue != tombstone { rest.value.tombstone = newValue } }
    }
    /// Messages and input requests, oldest first.
    package var interactions: [Interaction] {
        get { rest.content?.value.interactions ?? [] }
        set { if newValue != interactions { rest.value.interactions = newValue } }
        _modify { yield &rest.value.interactions }
    }
    /// What calls took out of the queue that may be repeated, the oldest first.
    package var deliveries: [Delivery] {
        get { rest.content?.value.deliveries ?? [] }
        set { if newValue != deliveries { rest.value.deliveries = newValue } }
        _modify { yield &rest.value.deliveries }
    }
    /// How far the steady clock was ahead of the wall clock when the task was created, in milliseconds.
    package var createdLead: Int64 {
        get { rest.content?.value.createdLead ?? 0 }
        set { if newValue != createdLead { rest.value.createdLead = newValue } }
    }
    /// How far the steady clock was ahead of ``TaskState/lastUpdatedAt`` when that was set, in milliseconds.
    package var updatedLead: Int64 {
        get { rest.content?.value.updatedLead ?? 0 }
        set { if newValue != updatedLead { rest.value.updatedLead = newValue } }
    }
    /// What only the store knows of the lease, while ``TaskState/lease`` is set.
    package var leaseSecret: LeaseSecret? {
        get { rest.content?.value.leaseSecret }
        set { if newValue != leaseSecret { rest.value.leaseSecret = newValue } }
    }

    /// What few tasks have.
    private struct Rest: SparseValue {
        var interactions: [Interaction] = []
        var deliveries: [Delivery] = []
        var leaseSecret: LeaseSecret?
        var tombstone: Tombstone?
        var createdLead: Int64 = 0
        var updatedLead: Int64 = 0

        var isEmpty: Bool {
            interactions.isEmpty && deliveries.isEmpty && leaseSecret == nil && tombstone == nil
                && createdLead == 0 && updatedLead == 0
        }
    }

    package struct Tombstone: Sendable, Hashable {
        /// When nothing of the task is left, by the steady clock.
        package var forgottenAt: Timestamp
        package var isExpired: Bool

        package init(forgottenAt: Timestamp, isExpired: Bool) {
            self.forgottenAt = forgottenAt
            self.isExpired = isExpired
        }
    }

    /// Names the record in a storage.
    public var key: TaskKey { TaskKey(owner: state.owner, id: state.compactID) }

    /// Whether the task is there, in any state.
    public var isLive: Bool { tombstone == nil }
}

/// Names one task: its owner and its id.
public struct TaskKey: Sendable, Hashable, Comparable {
    /// The owner; empty without authentication.
    public var owner: String
    /// ``id`` as it is kept, which makes no text.
    private(set) var compactID: CompactID

    /// The name of the owner's task `id`.
    public init(owner: String, id: String) {
        self.init(owner: owner, id: CompactID(id))
    }

    init(owner: String, id: CompactID) {
        self.owner = owner
        compactID = id
    }

    /// The task's id.
    public var id: String {
        get { compactID.text }
        set { compactID = CompactID(newValue) }
    }

    /// Orders by owner, then by id.
    public static func < (left: TaskKey, right: TaskKey) -> Bool {
        (left.owner, left.compactID) < (right.owner, right.compactID)
    }
}

// Time: what a record is at a given moment follows from the record alone, so that a reader, a writer and the
// sweeper come to the same answer, whoever looks first. It is judged by the steady clock: the instants that people are
// shown are those of the wall clock, and each has its lead beside it.
extension TaskRecord {
    private var createdAt: Timestamp { state.createdAt.adding(milliseconds: createdLead) }
    private var updatedAt: Timestamp { state.lastUpdatedAt.adding(milliseconds: updatedLead) }

    /// When the record next changes by itself: a lease or a life runs out, or a tombstone is forgotten.
    package var dueAt: Timestamp? {
        if let tombstone { return tombstone.forgottenAt }
        // Nobody takes the life of a task while a worker holds it.
        if let leaseEnd { return leaseEnd }
        guard let ttl = state.ttlMilliseconds else { return nil }
        if let endedAt { return endedAt.adding(milliseconds: ttl) }
        // A time to live that was shortened below the task's age ends it then, and not in the past.
        return max(createdAt.adding(milliseconds: ttl), updatedAt)
    }

    /// The latest moment at which nothing would be left of the record if nobody touched it any more; `nil`: it stays.
    package func latestForgetting(tombstoneMilliseconds: Int64) -> Timestamp? {
        if let tombstone { return tombstone.forgottenAt }
        guard let ttl = state.ttlMilliseconds else { return nil }
        let end =
            endedAt
            ?? max(createdAt.adding(milliseconds: ttl), updatedAt, leaseEnd ?? createdAt)
        return end.adding(milliseconds: ttl).adding(milliseconds: tombstoneMilliseconds)
    }

    /// Brings the record to what it is at `now`. Returns `false` when nothing of it is left.
    package mutating func settle(at now: TaskInstant, tombstoneMilliseconds: Int64) -> Bool {
        while let due = dueAt, due <= now.steady {
            let moment = now.moved(to: due)
            if tombstone != nil {
                return false
            } else if endedAt != nil {
                bury(at: moment, isExpired: true, tombstoneMilliseconds: tombstoneMilliseconds)
            } else if state.lease != nil {
                loseLease(at: moment)
            } else {
                fail("The task expired: its time to live is over.", reason: .taskExpired, at: moment)
            }
        }
        return true
    }

    /// Makes the task `failed` by itself, with -32603 and a reason for programs.
    mutating func fail(_ message: String, reason: TaskwireError.Reason, at moment: TaskInstant) {
        let details = Array(#"{"reason":"\#(reason.rawValue)"}"#.utf8)
        end(as: .failed, error: TaskError(message: message, data: details), at: moment)
        state.statusMessage = message
        touch(at: moment)
    }

    /// Removes the task and leaves its tombstone.
    package mutating func bury(at moment: TaskInstant, isExpired: Bool, tombstoneMilliseconds: Int64) {
        state = state.viewed(as: .basic)
        dropLease()
        interactions = []
        tombstone = Tombstone(
            forgottenAt: moment.steady.adding(milliseconds: tombstoneMilliseconds),
            isExpired: isExpired
        )
        limitDeliveries()
        touch(at: moment)
    }

    /// Makes the task terminal. The caller counts the revision.
    package mutating func end(as status: TaskStatus, error: TaskError?, at moment: TaskInstant) {
        state.status = status
        state.error = error
        if status != .completed { state.result = nil }
        dropLease()
        endedAt = moment.steady
    }

    /// Counts one visible change.
    package mutating func touch(at moment: TaskInstant) {
        state.revision += 1
        state.lastUpdatedAt = max(state.lastUpdatedAt, moment.wall)
        updatedLead = moment.steady.milliseconds(since: state.lastUpdatedAt)
    }

    /// Whether a caller sees a change since `before`. That a lease lasts longer is none: whoever waits for the task
    /// is not woken by each renewal.
    func isVisiblyDifferent(from before: TaskRecord) -> Bool {
        var last = before.state
        if let lease = state.lease { last.lease?.expiresAt = lease.expiresAt }
        return state != last || interactions != before.interactions && openRequests != before.openRequests
    }

    /// Whether those who wait for the task should look at it again: it changed visibly, has a new message, or is due
    /// earlier than they know.
    func isNotable(after before: TaskRecord?) -> Bool {
        guard let before, state.revision == before.state.revision else { return true }
        if let dueAt, before.dueAt.map({ dueAt < $0 }) ?? true { return true }
        return interactions != before.interactions && queue.count > before.queue.count
    }
}

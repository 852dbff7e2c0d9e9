/// A task as a storage keeps it: what callers see, and what the rules need beside it.
///
/// A removed task stays as a tombstone: the record without its payloads, so that late retries are answered and
/// its revisions are never reused.
public struct TaskRecord: Sendable, Hashable {
    /// The task in full view.
    package var state: TaskState
    /// When the task reached a terminal state.
    package var endedAt: Timestamp?
    /// Why and when the task was removed; `nil` while it is there.
    package var tombstone: Tombstone?
    /// The last mutations, so that a retry is answered and not applied again.
    package var mutations: MutationLog
    /// Messages and input requests, oldest first.
    package var interactions: [Interaction]
    /// The lease's secret and policy, while ``TaskState/lease`` is set.
    package var leaseSecret: LeaseSecret?

    package init(state: TaskState) {
        self.state = state
        self.mutations = MutationLog()
        self.interactions = []
    }

    package struct Tombstone: Sendable, Hashable {
        package var forgottenAt: Timestamp
        package var isExpired: Bool

        package init(forgottenAt: Timestamp, isExpired: Bool) {
            self.forgottenAt = forgottenAt
            self.isExpired = isExpired
        }
    }

    package struct LeaseSecret: Sendable, Hashable {
        package var token: [UInt8]
        package var isReleasedOnLoss: Bool

        package init(token: [UInt8], isReleasedOnLoss: Bool) {
            self.token = token
            self.isReleasedOnLoss = isReleasedOnLoss
        }
    }

    /// One message or input request: a queue entry until it is delivered, a question until it is answered.
    package struct Interaction: Sendable, Hashable {
        package var key: String
        package var kind: TaskMessage.Kind
        package var payload: Payload
        package var queuedAt: Timestamp
        package var isDelivered: Bool
        package var response: Payload?

        package init(
            key: String,
            kind: TaskMessage.Kind,
            payload: Payload,
            queuedAt: Timestamp,
            isDelivered: Bool,
            response: Payload?
        ) {
            self.key = key
            self.kind = kind
            self.payload = payload
            self.queuedAt = queuedAt
            self.isDelivered = isDelivered
            self.response = response
        }
    }

    /// Names the record in a storage.
    public var key: TaskKey { TaskKey(owner: state.owner, id: state.id) }

    /// Whether the task is there, in any state.
    public var isLive: Bool { tombstone == nil }
}

/// Names one task: its owner and its id.
public struct TaskKey: Sendable, Hashable, Comparable {
    /// The owner; empty without authentication.
    public var owner: String
    /// The task's id.
    public var id: String

    /// The name of the owner's task `id`.
    public init(owner: String, id: String) {
        self.owner = owner
        self.id = id
    }

    /// Orders by owner, then by id.
    public static func < (left: TaskKey, right: TaskKey) -> Bool {
        (left.owner, left.id) < (right.owner, right.id)
    }
}

// Time: what a record is at a given moment follows from the record alone, so that a reader, a writer and the
// sweeper come to the same answer, whoever looks first.
extension TaskRecord {
    /// When the record next changes by itself: a lease or a life runs out, or a tombstone is forgotten.
    package var dueAt: Timestamp? {
        if let tombstone { return tombstone.forgottenAt }
        guard let ttl = state.ttlMilliseconds else { return nil }
        if let endedAt { return endedAt.adding(milliseconds: ttl) }
        // A time to live that was shortened below the task's age ends it then, and not in the past.
        let end = max(state.createdAt.adding(milliseconds: ttl), state.lastUpdatedAt)
        return max(end, state.lease?.expiresAt ?? end)
    }

    /// Brings the record to what it is at `now`. Returns `false` when nothing of it is left.
    package mutating func settle(at now: Timestamp, tombstoneMilliseconds: Int64) -> Bool {
        while let due = dueAt, due <= now {
            if tombstone != nil {
                return false
            } else if endedAt != nil {
                bury(at: due, isExpired: true, tombstoneMilliseconds: tombstoneMilliseconds)
            } else {
                expire(at: due)
            }
        }
        return true
    }

    private mutating func expire(at moment: Timestamp) {
        let message = "The task expired: its time to live is over."
        let details = Array(#"{"reason":"\#(TaskwireError.Reason.taskExpired.rawValue)"}"#.utf8)
        end(as: .failed, error: TaskError(message: message, data: details), at: moment)
        state.statusMessage = message
        touch(at: moment)
    }

    /// Removes the task and leaves its tombstone.
    package mutating func bury(at moment: Timestamp, isExpired: Bool, tombstoneMilliseconds: Int64) {
        state = state.viewed(as: .basic)
        state.lease = nil
        leaseSecret = nil
        interactions = []
        tombstone = Tombstone(
            forgottenAt: moment.adding(milliseconds: tombstoneMilliseconds),
            isExpired: isExpired
        )
        touch(at: moment)
    }

    /// Makes the task terminal. The caller counts the revision.
    package mutating func end(as status: TaskStatus, error: TaskError?, at moment: Timestamp) {
        state.status = status
        state.error = error
        if status != .completed { state.result = nil }
        state.inputRequests = []
        state.lease = nil
        leaseSecret = nil
        endedAt = moment
    }

    /// Counts one visible change.
    package mutating func touch(at moment: Timestamp) {
        state.revision += 1
        state.lastUpdatedAt = max(state.lastUpdatedAt, moment)
    }
}

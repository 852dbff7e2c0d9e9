/// What `claimTask` needs.
public struct ClaimTaskRequest: Sendable, Hashable {
    /// Which task.
    public var taskID: String
    /// The worker's name for people, 1 to 256 bytes.
    public var worker: String
    /// How long the lease lasts unless it is renewed, in milliseconds, 1000 to 600 000.
    public var leaseMilliseconds: Int64
    /// What becomes of the task when the lease runs out.
    public var onLoss: LeaseLossPolicy

    /// A request for the lease; durations are counted in started milliseconds.
    public init(
        taskID: String,
        worker: String,
        lease: Duration = .seconds(30),
        onLoss: LeaseLossPolicy = .fail
    ) {
        self.taskID = taskID
        self.worker = worker
        self.leaseMilliseconds = lease.millisecondsRoundedUp
        self.onLoss = onLoss
    }
}

/// What `renewLease` needs.
public struct RenewLeaseRequest: Sendable, Hashable {
    /// Which task.
    public var taskID: String
    /// Proof of the lease.
    public var leaseToken: [UInt8]
    /// How long the lease lasts from now on, in milliseconds, 1000 to 600 000; 0: as long as before.
    public var leaseMilliseconds: Int64

    /// A request for more time; `lease` of `nil`: as long as before.
    public init(taskID: String, leaseToken: [UInt8], lease: Duration? = nil) {
        self.taskID = taskID
        self.leaseToken = leaseToken
        self.leaseMilliseconds = lease?.millisecondsRoundedUp ?? 0
    }
}

/// What `releaseLease` needs.
public struct ReleaseLeaseRequest: Sendable, Hashable {
    /// Which task.
    public var taskID: String
    /// Proof of the lease.
    public var leaseToken: [UInt8]

    /// A request to give the lease back.
    public init(taskID: String, leaseToken: [UInt8]) {
        self.taskID = taskID
        self.leaseToken = leaseToken
    }
}

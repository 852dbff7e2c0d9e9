/// A snapshot of one task.
///
/// Reads return it in one of two views: in ``TaskView/basic`` the fields ``request``, ``result``,
/// ``error`` and ``inputRequests`` are left empty.
public struct TaskState: Sendable, Hashable {
    /// 1 to 256 bytes of printable ASCII without spaces, unique per owner.
    public var id: String
    /// Who created it, from the authenticated connection; empty on a server without authentication.
    public var owner: String
    /// Where the task stands.
    public var status: TaskStatus
    /// What to tell people about it.
    public var statusMessage: String?
    /// When it was created.
    public var createdAt: Timestamp
    /// When it last changed visibly. Never runs backwards.
    public var lastUpdatedAt: Timestamp
    /// Time to live in milliseconds, above 0; `nil` means no limit.
    public var ttlMilliseconds: Int64?
    /// Hint for pollers, in milliseconds, above 0.
    public var pollIntervalMilliseconds: Int64
    /// 1 at creation, one more at every visible change, never reused.
    public var revision: UInt64
    /// Whether somebody asked for cancellation.
    public var isCancelRequested: Bool
    /// How far the work is, where the worker says so.
    public var progress: TaskProgress?
    /// At most 16, keys of 1 to 64 bytes, values of up to 256 bytes.
    public var labels: [String: String]
    /// What the task is to do. Full view only.
    public var request: Payload?
    /// What came of it. Full view only.
    public var result: Payload?
    /// Why it failed. Full view only.
    public var error: TaskError?
    /// What a host may tell its model at once, while the task goes on
    /// (``modelImmediateResponseKey``).
    public var immediateResponse: String?
    /// Who is executing it now.
    public var lease: TaskLease?
    /// What the worker asked and nobody has answered yet. Full view only.
    public var inputRequests: [InputRequest]

    /// A snapshot; what is not given is as in a task that was just created.
    public init(
        id: String,
        owner: String = "",
        status: TaskStatus = .working,
        statusMessage: String? = nil,
        createdAt: Timestamp,
        lastUpdatedAt: Timestamp? = nil,
        ttlMilliseconds: Int64? = nil,
        pollIntervalMilliseconds: Int64 = TaskState.defaultPollIntervalMilliseconds,
        revision: UInt64 = 1,
        isCancelRequested: Bool = false,
        progress: TaskProgress? = nil,
        labels: [String: String] = [:],
        request: Payload? = nil,
        result: Payload? = nil,
        error: TaskError? = nil,
        immediateResponse: String? = nil,
        lease: TaskLease? = nil,
        inputRequests: [InputRequest] = []
    ) {
        self.id = id
        self.owner = owner
        self.status = status
        self.statusMessage = statusMessage
        self.createdAt = createdAt
        self.lastUpdatedAt = lastUpdatedAt ?? createdAt
        self.ttlMilliseconds = ttlMilliseconds
        self.pollIntervalMilliseconds = pollIntervalMilliseconds
        self.revision = revision
        self.isCancelRequested = isCancelRequested
        self.progress = progress
        self.labels = labels
        self.request = request
        self.result = result
        self.error = error
        self.immediateResponse = immediateResponse
        self.lease = lease
        self.inputRequests = inputRequests
    }

    /// The poll interval of a task that was created without one: 500 ms, as in the MCP Python SDK.
    public static let defaultPollIntervalMilliseconds: Int64 = 500

    /// Time to live; `nil` means no limit.
    public var ttl: Duration? { ttlMilliseconds.map { .milliseconds($0) } }

    /// Hint for pollers.
    public var pollInterval: Duration { .milliseconds(pollIntervalMilliseconds) }

    /// The snapshot as the given view shows it.
    public func viewed(as view: TaskView) -> TaskState {
        guard view == .basic else { return self }
        var basic = self
        basic.request = nil
        basic.result = nil
        basic.error = nil
        basic.inputRequests = []
        return basic
    }
}

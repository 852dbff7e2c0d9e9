/// What `createTask` needs.
public struct CreateTaskRequest: Sendable, Hashable {
    /// 1 to 256 bytes of printable ASCII without spaces. `nil`: derived from owner and request id, so that a
    /// retry finds the same task.
    public var taskID: String?
    /// Time to live in milliseconds, above 0, lowered to the store's maximum; `nil`: no limit.
    public var ttlMilliseconds: Int64?
    /// Hint for pollers in milliseconds, above 0, lowered to the maximum time to live; `nil`: 500.
    public var pollIntervalMilliseconds: Int64?
    /// At most 16, keys of 1 to 64 bytes, values of up to 256 bytes.
    public var labels: [String: String]
    /// What the task is to do.
    public var request: Payload?
    /// What a host may tell its model at once.
    public var immediateResponse: String?
    /// What to tell people about it.
    public var statusMessage: String?

    /// A request; durations are counted in started milliseconds.
    public init(
        taskID: String? = nil,
        ttl: Duration? = nil,
        pollInterval: Duration? = nil,
        labels: [String: String] = [:],
        request: Payload? = nil,
        immediateResponse: String? = nil,
        statusMessage: String? = nil
    ) {
        self.taskID = taskID
        self.ttlMilliseconds = ttl?.millisecondsRoundedUp
        self.pollIntervalMilliseconds = pollInterval?.millisecondsRoundedUp
        self.labels = labels
        self.request = request
        self.immediateResponse = immediateResponse
        self.statusMessage = statusMessage
    }
}

/// What `updateTask` needs. What is `nil` stays as it is.
public struct UpdateTaskRequest: Sendable, Hashable {
    /// Which task.
    public var taskID: String
    /// Proof of the lease, where the task is claimed; else empty.
    public var leaseToken: [UInt8]
    /// The new status. The one that the task has already is no transition and no error.
    public var status: TaskStatus?
    /// The new status message. The only field that a terminal task still accepts.
    public var statusMessage: String?
    /// The new time to live in milliseconds, above 0, counted from the creation.
    public var ttlMilliseconds: Int64?
    /// The new hint for pollers in milliseconds, above 0.
    public var pollIntervalMilliseconds: Int64?
    /// The new progress.
    public var progress: TaskProgress?
    /// Refused with ABORTED / REVISION_MISMATCH unless the task is at exactly this revision.
    public var expectedRevision: UInt64?

    /// A request; durations are counted in started milliseconds.
    public init(
        taskID: String,
        status: TaskStatus? = nil,
        statusMessage: String? = nil,
        ttl: Duration? = nil,
        pollInterval: Duration? = nil,
        progress: TaskProgress? = nil,
        expectedRevision: UInt64? = nil,
        leaseToken: [UInt8] = []
    ) {
        self.taskID = taskID
        self.leaseToken = leaseToken
        self.status = status
        self.statusMessage = statusMessage
        self.ttlMilliseconds = ttl?.millisecondsRoundedUp
        self.pollIntervalMilliseconds = pollInterval?.millisecondsRoundedUp
        self.progress = progress
        self.expectedRevision = expectedRevision
    }
}

/// What `storeResult` needs.
public struct StoreResultRequest: Sendable, Hashable {
    /// Which task.
    public var taskID: String
    /// The result.
    public var result: Payload
    /// Proof of the lease, where the task is claimed; else empty.
    public var leaseToken: [UInt8]

    /// A request to store `result`.
    public init(taskID: String, result: Payload, leaseToken: [UInt8] = []) {
        self.taskID = taskID
        self.result = result
        self.leaseToken = leaseToken
    }
}

/// What `completeTask` needs.
public struct CompleteTaskRequest: Sendable, Hashable {
    /// Which task.
    public var taskID: String
    /// The result. `nil`: the one that was stored before, without which the call is refused.
    public var result: Payload?
    /// Proof of the lease, where the task is claimed; else empty.
    public var leaseToken: [UInt8]

    /// A request to complete with `result`.
    public init(taskID: String, result: Payload?, leaseToken: [UInt8] = []) {
        self.taskID = taskID
        self.result = result
        self.leaseToken = leaseToken
    }
}

/// What `failTask` needs.
public struct FailTaskRequest: Sendable, Hashable {
    /// Which task.
    public var taskID: String
    /// Why it failed.
    public var error: TaskError
    /// What to tell people; `nil`: the error's message.
    public var statusMessage: String?
    /// Proof of the lease, where the task is claimed; else empty.
    public var leaseToken: [UInt8]

    /// A request to fail with `error`.
    public init(taskID: String, error: TaskError, statusMessage: String? = nil, leaseToken: [UInt8] = []) {
        self.taskID = taskID
        self.error = error
        self.statusMessage = statusMessage
        self.leaseToken = leaseToken
    }
}

/// What `cancelTask` needs.
public struct CancelTaskRequest: Sendable, Hashable {
    /// Which task.
    public var taskID: String
    /// At once, or by asking the worker.
    public var mode: CancelMode
    /// What to tell people; `nil`: unchanged.
    public var statusMessage: String?

    /// A request to cancel.
    public init(taskID: String, mode: CancelMode = .immediate, statusMessage: String? = nil) {
        self.taskID = taskID
        self.mode = mode
        self.statusMessage = statusMessage
    }
}

/// What `waitTask` needs.
public struct WaitTaskRequest: Sendable, Hashable {
    /// Which task.
    public var taskID: String
    /// The call returns as soon as the task's revision is above this one.
    public var afterRevision: UInt64
    /// How long to wait in milliseconds, at most the store's limit (30 s unless set); 0: that limit.
    public var waitMilliseconds: Int64
    /// How much of the task to return.
    public var view: TaskView

    /// A request to wait for a revision above `afterRevision`; `wait` of `nil`: as long as allowed.
    public init(taskID: String, afterRevision: UInt64, wait: Duration? = nil, view: TaskView = .basic) {
        self.taskID = taskID
        self.afterRevision = afterRevision
        self.waitMilliseconds = wait?.millisecondsRoundedUp ?? 0
        self.view = view
    }
}

/// What `awaitResult` needs.
public struct AwaitResultRequest: Sendable, Hashable {
    /// Which task.
    public var taskID: String
    /// How long to wait in milliseconds, at most the store's limit (30 s unless set); 0: that limit.
    public var waitMilliseconds: Int64

    /// A request to wait for the end of a task; `wait` of `nil`: as long as allowed.
    public init(taskID: String, wait: Duration? = nil) {
        self.taskID = taskID
        self.waitMilliseconds = wait?.millisecondsRoundedUp ?? 0
    }
}

/// What `listTasks` needs.
public struct ListTasksRequest: Sendable, Hashable {
    /// How many tasks a page may have, 1 to 1000; 0: 50.
    public var pageSize: Int
    /// ``TaskPage/nextCursor`` of the page before; empty: from the first task.
    public var cursor: String
    /// Tasks in any of these states; empty: all.
    public var statuses: Set<TaskStatus>
    /// Tasks that have all of these labels.
    public var labels: [String: String]

    /// A request for one page.
    public init(
        pageSize: Int = 0,
        cursor: String = "",
        statuses: Set<TaskStatus> = [],
        labels: [String: String] = [:]
    ) {
        self.pageSize = pageSize
        self.cursor = cursor
        self.statuses = statuses
        self.labels = labels
    }
}

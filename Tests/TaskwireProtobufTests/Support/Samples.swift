import Taskwire

/// Values with every field set to something that is not its default.
enum Samples {
    static let payload = Payload(data: [0, 1, 2, 255], contentType: "application/octet-stream")
    static let taskError = TaskError(code: -32001, message: "Grüße", data: Array("{}".utf8))
    static let progress = TaskProgress(current: 1.5, total: 3)
    static let lease = TaskLease(
        worker: "w-1",
        expiresAt: Timestamp(millisecondsSince1970: 1_700_000_060_000)
    )
    static let inputRequest = InputRequest(key: "ask", payload: Payload(text: "name?"))
    static let message = TaskMessage(
        key: "m-1",
        kind: .notification,
        payload: payload,
        enqueuedAt: Timestamp(millisecondsSince1970: 1_700_000_000_001)
    )
    static let requestID = RequestID(high: 0x0001_0203_0405_0607, low: 0x0809_0a0b_0c0d_0e0f)

    static let task: TaskState = {
        var task = presentTask
        task.omittedFields = ["result"]
        return task
    }()

    private static let presentTask = TaskState(
        id: "t-1",
        owner: "alice",
        status: .inputRequired,
        statusMessage: "waits",
        createdAt: Timestamp(millisecondsSince1970: 1_700_000_000_000),
        lastUpdatedAt: Timestamp(millisecondsSince1970: 1_700_000_000_500),
        ttlMilliseconds: 60_000,
        pollIntervalMilliseconds: 250,
        revision: 7,
        isCancelRequested: true,
        progress: progress,
        labels: ["team": "a"],
        request: payload,
        result: Payload(text: "done"),
        error: taskError,
        immediateResponse: "soon",
        lease: lease,
        inputRequests: [inputRequest]
    )

    static let otherTask = TaskState(
        id: "t-2",
        status: .completed,
        createdAt: Timestamp(millisecondsSince1970: 5),
        pollIntervalMilliseconds: 0,
        revision: 0
    )

    static var updateRequest: UpdateTaskRequest {
        var request = UpdateTaskRequest(
            taskID: "t-1",
            status: .failed,
            statusMessage: "",
            progress: progress,
            expectedRevision: .max,
            leaseToken: [1, 2]
        )
        // Values that the store refuses, but that the wire carries.
        request.ttlMilliseconds = -1
        request.pollIntervalMilliseconds = 0
        return request
    }

    static var stats: ServerStats {
        var method = ServerStats.Method(name: "taskwire.v1.TaskService/GetTask")
        (method.calls, method.errors) = (9, 1)
        (method.p50Microseconds, method.p90Microseconds, method.p99Microseconds) = (10, 20, 30)
        (method.p999Microseconds, method.maxMicroseconds) = (40, 50)
        var stats = ServerStats()
        stats.uptimeMilliseconds = 1
        (stats.tasks, stats.tombstones, stats.waits) = (2, 3, 4)
        (stats.connections, stats.calls, stats.errors) = (5, 6, 7)
        stats.methods = [method]
        return stats
    }

    static var serverInfo: ServerInfo {
        var limits = ServerLimits()
        var tasks = TaskLimits()
        limits.maxMessageBytes = 1
        limits.maxDecodeBytes = 2
        tasks.maxTTLMilliseconds = 3
        tasks.maxTasksPerOwner = 4
        tasks.maxMessagesPerTask = 5
        tasks.maxInputRequestsPerTask = 6
        tasks.maxWaitMilliseconds = 7
        tasks.maxWaits = 8
        limits.maxCallsPerSecondPerOwner = 9
        limits.maxBatchCalls = 10
        limits.maxBatchBytes = 11
        tasks.maxPageSize = 12
        tasks.tombstoneMilliseconds = 13
        tasks.deduplicationMilliseconds = 26
        tasks.maxTombstones = 14
        limits.defaultTimeoutMilliseconds = 15
        tasks.maxInteractionBytes = 16
        limits.maxCallsInProgress = 17
        limits.maxBytesInProgress = 18
        limits.maxConnections = 19
        limits.maxCallsPerConnection = 20
        limits.maxUnreadBytesPerConnection = 21
        limits.maxSkippedBytes = 22
        limits.greetingTimeoutMilliseconds = 23
        limits.messageTimeoutMilliseconds = 24
        limits.sendTimeoutMilliseconds = 25
        return ServerInfo(
            version: "1.0.0",
            storage: "memory",
            features: ["batch", "wait"],
            limits: limits,
            taskLimits: tasks
        )
    }
}

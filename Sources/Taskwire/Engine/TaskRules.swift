// The rules for the fields of requests. Each throws INVALID_ARGUMENT / INVALID_FIELD, naming the field by its
// name on the wire.

extension TaskLimits {
    /// The time to live that a task gets: positive, and lowered to the maximum.
    func ttl(_ milliseconds: Int64?) throws(TaskwireError) -> Int64? {
        guard let milliseconds else { return nil }
        guard milliseconds > 0 else {
            throw .invalidField("ttl_ms", "\(milliseconds) is not above 0")
        }
        return min(milliseconds, maxTTLMilliseconds)
    }

    /// The poll interval that a task gets: positive, and no longer than a task can live.
    func pollInterval(_ milliseconds: Int64?) throws(TaskwireError) -> Int64? {
        guard let milliseconds else { return nil }
        guard milliseconds > 0 else {
            throw .invalidField("poll_interval_ms", "\(milliseconds) is not above 0")
        }
        return min(milliseconds, maxTTLMilliseconds)
    }

    /// The size of a page, 50 unless given.
    func pageSize(_ size: Int) throws(TaskwireError) -> Int {
        guard size != 0 else { return max(1, min(50, maxPageSize)) }
        guard size >= 1, size <= maxPageSize else {
            throw .invalidField("page_size", "\(size) is not between 1 and \(maxPageSize)")
        }
        return size
    }

    /// How long a lease lasts, in milliseconds.
    func lease(_ milliseconds: Int64) throws(TaskwireError) -> Int64 {
        let range = TaskLimits.leaseMilliseconds
        guard range.contains(milliseconds) else {
            throw .invalidField(
                "lease_ms",
                "\(milliseconds) is not between \(range.lowerBound) and \(range.upperBound)"
            )
        }
        return milliseconds
    }

    /// How long a call waits, in milliseconds.
    func wait(_ milliseconds: Int64) throws(TaskwireError) -> Int64 {
        guard milliseconds >= 0 else {
            throw .invalidField("wait_ms", "\(milliseconds) is below 0")
        }
        return milliseconds == 0 ? maxWaitMilliseconds : min(milliseconds, maxWaitMilliseconds)
    }
}

enum TaskRules {
    static func labels(_ labels: [String: String]) throws(TaskwireError) {
        guard labels.count <= 16 else {
            throw .invalidField("labels", "has \(labels.count) entries, at most 16 are allowed")
        }
        for (key, value) in labels {
            guard (1...64).contains(key.utf8.count) else {
                throw .invalidField("labels", "a key has \(key.utf8.count) bytes, 1 to 64 are allowed")
            }
            guard value.utf8.count <= 256 else {
                throw .invalidField(
                    "labels",
                    "the value of \"\(key)\" has \(value.utf8.count) bytes, at most 256 are allowed"
                )
            }
        }
    }

    static func payload(_ payload: Payload?, field: String) throws(TaskwireError) {
        guard let payload else { return }
        let type = payload.contentType
        guard (1...255).contains(type.utf8.count), type.consists(of: 0x20...0x7E) else {
            throw .invalidField("\(field).content_type", "is not 1 to 255 bytes of printable ASCII")
        }
    }

    /// Texts are kept with every mutation that a task remembers, so they are kept short.
    static func text(_ text: String?, field: String) throws(TaskwireError) {
        guard let count = text?.utf8.count, count > TaskLimits.maxTextBytes else { return }
        throw .invalidField(field, "has \(count) bytes, at most \(TaskLimits.maxTextBytes) are allowed")
    }

    static func worker(_ name: String) throws(TaskwireError) {
        try key(name, field: "worker", bytes: 1...256)
    }

    /// The key of a message, which a notification can do without, or of a question.
    static func key(_ key: String, kind: TaskMessage.Kind) throws(TaskwireError) {
        try self.key(key, field: "key", bytes: (kind == .request ? 1 : 0)...256)
    }

    private static func key(
        _ key: String,
        field: String,
        bytes: ClosedRange<Int>
    ) throws(TaskwireError) {
        guard bytes.contains(key.utf8.count) else {
            throw .invalidField(
                field,
                "has \(key.utf8.count) bytes, \(bytes.lowerBound) to \(bytes.upperBound) are allowed"
            )
        }
    }

    static func progress(_ progress: TaskProgress?) throws(TaskwireError) {
        guard let progress else { return }
        guard progress.current.isFinite else {
            throw .invalidField("progress.current", "is not a finite number")
        }
        guard progress.total?.isFinite ?? true else {
            throw .invalidField("progress.total", "is not a finite number")
        }
    }

    static func cancellable(_ state: TaskState) throws(TaskwireError) {
        guard !state.status.isTerminal else {
            // The message of the MCP Python SDK's cancel_task, which clients know.
            throw terminal(state, "Cannot cancel task in terminal state '\(state.status.rawValue)'")
        }
    }

    static func open(_ state: TaskState) throws(TaskwireError) {
        guard !state.status.isTerminal else {
            throw terminal(
                state,
                "Task \(state.id) is in terminal state '\(state.status.rawValue)' and can change no more"
            )
        }
    }

    private static func terminal(_ state: TaskState, _ message: String) -> TaskwireError {
        TaskwireError(.failedPrecondition, .taskTerminal, message, task: state.viewed(as: .basic))
    }

    /// Whether a worker with this token may change the task: nobody needs a token while it is unclaimed, but one
    /// that is not the current one is the token of a worker that lost its lease.
    static func lease(_ record: TaskRecord, token: [UInt8]) throws(TaskwireError) {
        guard token == record.leaseSecret?.token ?? [] else { throw leaseLost(record) }
    }

    /// Whether this is the token of the worker that holds the task.
    static func holder(_ record: TaskRecord, token: [UInt8]) throws(TaskwireError) {
        guard token == record.leaseSecret?.token else { throw leaseLost(record) }
    }

    private static func leaseLost(_ record: TaskRecord) -> TaskwireError {
        TaskwireError(
            .failedPrecondition,
            .leaseLost,
            "lease_token: not the token of the task's current lease",
            task: record.state.viewed(as: .basic)
        )
    }

    /// Whether anybody may claim the task.
    static func claimable(_ state: TaskState) throws(TaskwireError) {
        try open(state)
        guard let lease = state.lease else { return }
        throw TaskwireError(
            .failedPrecondition,
            .leaseHeld,
            "Task \(state.id) is held by \(lease.worker) until \(lease.expiresAt)",
            task: state.viewed(as: .basic)
        )
    }
}

internal import Synchronization

/// Every rule of the contract, once, over any storage.
///
/// A mutation is a pure function on one record, run atomically by the storage, after which those who wait for
/// the task are woken. A `TaskEngine` acts for one owner; ``acting(for:)`` gives the same engine to another.
public struct TaskEngine<Storage: TaskStorage, Clock: TaskClock>: TaskStore {
    /// What the engines of all owners share.
    final class Core: Sendable {
        let storage: Storage
        let limits: TaskLimits
        let clock: Clock
        let waiters: TaskWaiters
        let labels = SharedLabels()
        let startedAt: Timestamp
        let nextSweep = Mutex(Timestamp(millisecondsSince1970: .min))

        init(storage: Storage, limits: TaskLimits, clock: Clock) {
            self.storage = storage
            self.limits = limits
            self.clock = clock
            self.waiters = TaskWaiters(limit: limits.maxWaits, clock: clock)
            self.startedAt = clock.now
        }
    }

    let core: Core

    /// Whose tasks this engine sees; empty without authentication.
    public let owner: String

    /// An engine on `storage` that acts for `owner`.
    public init(storage: Storage, limits: TaskLimits = TaskLimits(), clock: Clock, owner: String = "") {
        self.core = Core(storage: storage, limits: limits, clock: clock)
        self.owner = owner
    }

    private init(core: Core, owner: String) {
        self.core = core
        self.owner = owner
    }

    /// The same engine for another owner.
    public func acting(for owner: String) -> TaskEngine {
        TaskEngine(core: core, owner: owner)
    }

    /// Where it takes the time from.
    package var clock: Clock { core.clock }

    /// The limits that it enforces.
    public var limits: TaskLimits { core.limits }

    /// Where it keeps the tasks of all owners.
    package var storage: Storage { core.storage }

    /// How many calls wait right now, for any owner.
    public var waitCount: Int { core.waiters.count }

    /// How many records the storage holds, of all owners.
    public func counts() async throws -> TaskStorageCounts {
        try await core.storage.counts()
    }

    /// Returns a consistent copy of the whole storage, which has the tasks of all owners.
    /// - Throws: as ``TaskStorage/backUp()``.
    public func backUp() async throws -> any StorageBackup {
        try await core.storage.backUp()
    }

    // MARK: Reads

    /// See ``TaskStore/getTask(_:view:options:)``.
    public func getTask(_ taskID: String, view: TaskView, options: CallOptions) async throws -> TaskState {
        try await liveRecord(taskID).viewed(as: view)
    }

    /// See ``TaskStore/getResult(_:options:)``.
    public func getResult(_ taskID: String, options: CallOptions) async throws -> TaskOutcome {
        TaskOutcome(of: try await liveRecord(taskID).state)
    }

    /// See ``TaskStore/listTasks(_:options:)``.
    public func listTasks(_ request: ListTasksRequest, options: CallOptions) async throws -> TaskPage {
        let pageSize = try core.limits.pageSize(request.pageSize)
        try TaskRules.labels(request.labels)
        var position: TaskPosition?
        if !request.cursor.isEmpty {
            position = try TaskCursor.decode(request.cursor, owner: owner, request: request)
        }
        let now = core.clock.now
        let wanted = request.statuses.isEmpty ? Set(TaskStatus.allCases) : request.statuses
        var stored = wanted
        if wanted.contains(.failed), try await !core.storage.due(atOrBefore: now, limit: 1).isEmpty {
            // What is overdue shows as failed although it is still stored as it was before.
            stored.formUnion([.working, .inputRequired])
        }
        // A page that filters looks at a bounded number of tasks, so that it costs the page and not the store.
        var budget = pageSize + core.limits.maxPageSize
        var tasks: [TaskState] = []
        var byteCount = 0
        var isFull = false
        while true {
            // With a filter most of what is read may not match, and storages are asked as seldom as possible.
            let wish = request.labels.isEmpty ? pageSize - tasks.count : Self.filterBatch
            let limit = max(1, min(wish, budget)) + 1
            let records = try await core.storage.page(
                TaskStorageQuery(owner: owner, statuses: stored, after: position, limit: limit)
            )
            // The last one of a full answer only tells that there is more.
            let present = await shown(records.prefix(limit - 1))
            var examined = 0
            for record in present {
                examined += 1
                budget -= 1
                guard
                    let record, record.isLive,
                    wanted.contains(record.state.status),
                    record.state.labelList.contains(request.labels)
                else { continue }
                tasks.append(record.state.viewed(as: .basic))
                byteCount += record.state.basicByteCount
                isFull = tasks.count == pageSize || byteCount > Self.pageByteCount
                if isFull { break }
            }
            guard examined < records.count else { return TaskPage(tasks: tasks) }
            let last = records[examined - 1].state
            let next = TaskPosition(createdAt: last.createdAt, id: last.id)
            if isFull || budget <= 0 {
                let cursor = TaskCursor.encode(next, owner: owner, request: request)
                return TaskPage(tasks: tasks, nextCursor: cursor)
            }
            position = next
        }
    }

    /// What stored records are now, for somebody to see. Those that time has changed, which are few, are stored together.
    private func shown(_ stored: ArraySlice<TaskRecord>) async -> [TaskRecord?] {
        let core = core
        let now = core.clock.now
        var present = stored.map { core.settled($0, at: now) }
        await withTaskGroup(of: (Int, TaskRecord?).self) { group in
            for (index, record) in stored.enumerated()
            where present[index]?.state.revision != record.state.revision {
                group.addImmediateTask { (index, await core.shown(record)) }
            }
            for await (index, record) in group { present[index] = record }
        }
        return present
    }

    private static var filterBatch: Int { 256 }

    /// A page ends with the task that makes it larger than this, so that it has room in a message.
    private static var pageByteCount: Int { 512 << 10 }

    func liveRecord(_ taskID: String) async throws -> TaskRecord {
        try TaskID.validate(taskID)
        let stored = try await core.storage.read(TaskKey(owner: owner, id: taskID))
        let record: TaskRecord? = if let stored { await core.shown(stored) } else { nil }
        guard let record, record.isLive else { throw Self.notFound(taskID, record) }
        return record
    }

    private static func notFound(_ taskID: String, _ record: TaskRecord?) -> TaskwireError {
        let isExpired = record?.tombstone?.isExpired == true
        return TaskwireError(.notFound, isExpired ? .taskExpired : .taskNotFound, "Task not found: \(taskID)")
    }

    // MARK: Mutations

    /// See ``TaskStore/createTask(_:options:)``.
    public func createTask(_ request: CreateTaskRequest, options: CallOptions) async throws -> TaskState {
        var options = options
        options.requestID = options.requestID ?? .random()
        do {
            return try await createOnce(request, options: options)
        } catch let error as TaskwireError where error.reason == .taskQuota {
            // Tasks whose time is over count until the sweeper has been there.
            guard await sweepBacklog() else { throw error }
            return try await createOnce(request, options: options)
        }
    }

    private func createOnce(_ request: CreateTaskRequest, options: CallOptions) async throws -> TaskState {
        let requestID = options.requestID ?? .random()
        let taskID = request.taskID ?? TaskID.derived(owner: owner, requestID: requestID)
        try TaskID.validate(taskID)
        try TaskRules.labels(request.labels)
        try TaskRules.payload(request.request, field: "request")
        try TaskRules.text(request.statusMessage, field: "status_message")
        try TaskRules.text(request.immediateResponse, field: "immediate_response")
        let ttl = try core.limits.ttl(request.ttlMilliseconds)
        let pollInterval = try core.limits.pollInterval(request.pollIntervalMilliseconds)
        let mutation = Mutation("CreateTask", requestID: requestID) {
            $0.feed(request.taskID)
            $0.feed(request.ttlMilliseconds)
            $0.feed(request.pollIntervalMilliseconds)
            $0.feed(request.labels)
            $0.feed(request.request)
            $0.feed(request.immediateResponse)
            $0.feed(request.statusMessage)
        }
        let limits = core.limits
        let owner = owner
        let labels = core.labels.list(of: request.labels)
        await sweepIfDue()
        return try await mutate(taskID, mutation, options) { record, now, count throws(TaskwireError) in
            if let record, record.isLive {
                throw TaskwireError(
                    .alreadyExists,
                    .taskExists,
                    "Task \(taskID) exists already",
                    task: record.state.viewed(as: .basic)
                )
            }
            guard count < limits.maxTasksPerOwner else {
                throw TaskwireError(
                    .resourceExhausted,
                    .taskQuota,
                    "There are \(count) tasks, as many as one owner may have"
                )
            }
            var state = TaskState(
                id: taskID,
                owner: owner,
                statusMessage: request.statusMessage,
                createdAt: now,
                ttlMilliseconds: ttl,
                pollIntervalMilliseconds: pollInterval ?? TaskState.defaultPollIntervalMilliseconds,
                revision: (record?.state.revision ?? 0) + 1,
                request: request.request,
                immediateResponse: request.immediateResponse
            )
            if !labels.labels.isEmpty { state.labelList = labels }
            var created = TaskRecord(state: state)
            created.mutations = record?.mutations ?? MutationLog()
            created.deliveries = record?.deliveries ?? []
            record = created
            return MutationProduct.none
        }.task
    }

    /// See ``TaskStore/updateTask(_:options:)``.
    public func updateTask(_ request: UpdateTaskRequest, options: CallOptions) async throws -> TaskState {
        try TaskRules.progress(request.progress)
        try TaskRules.text(request.statusMessage, field: "status_message")
        let ttl = try core.limits.ttl(request.ttlMilliseconds)
        let pollInterval = try core.limits.pollInterval(request.pollIntervalMilliseconds)
        let mutation = Mutation("UpdateTask", requestID: options.requestID) {
            $0.feed(request.leaseToken)
            $0.feed(request.status?.rawValue)
            $0.feed(request.statusMessage)
            $0.feed(request.ttlMilliseconds)
            $0.feed(request.pollIntervalMilliseconds)
            $0.feed(request.progress) {
                $0.feed($1.current.bitPattern)
                $0.feed($1.total) { $0.feed($1.bitPattern) }
            }
            $0.feed(request.expectedRevision) { $0.feed($1) }
        }
        return try await change(request.taskID, mutation, options) { record, now throws(TaskwireError) in
            if let expected = request.expectedRevision, expected != record.state.revision {
                throw TaskwireError(
                    .aborted,
                    .revisionMismatch,
                    "expected_revision: \(expected), but the task is at \(record.state.revision)",
                    task: record.state.viewed(as: .basic)
                )
            }
            let isTransition = request.status.map { $0 != record.state.status } ?? false
            if isTransition || ttl != nil || pollInterval != nil || request.progress != nil {
                try TaskRules.open(record.state)
            }
            try TaskRules.lease(record, token: request.leaseToken)
            var state = record.state
            state.statusMessage = request.statusMessage ?? state.statusMessage
            state.ttlMilliseconds = ttl ?? state.ttlMilliseconds
            state.pollIntervalMilliseconds = pollInterval ?? state.pollIntervalMilliseconds
            state.progress = request.progress ?? state.progress
            record.state = state
            guard isTransition, let status = request.status else { return }
            if status.isTerminal {
                let error = TaskError(message: request.statusMessage ?? "The task failed.")
                record.end(as: status, error: status == .failed ? error : nil, at: now)
            } else {
                record.state.status = status
            }
        }
    }

    /// See ``TaskStore/storeResult(_:options:)``.
    public func storeResult(_ request: StoreResultRequest, options: CallOptions) async throws -> TaskState {
        try TaskRules.payload(request.result, field: "result")
        let mutation = Mutation("StoreResult", requestID: options.requestID) {
            $0.feed(request.leaseToken)
            $0.feed(request.result)
        }
        return try await change(request.taskID, mutation, options) { record, _ throws(TaskwireError) in
            try TaskRules.open(record.state)
            try TaskRules.lease(record, token: request.leaseToken)
            record.state.result = request.result
        }
    }

    /// See ``TaskStore/completeTask(_:options:)``.
    public func completeTask(_ request: CompleteTaskRequest, options: CallOptions) async throws -> TaskState {
        try TaskRules.payload(request.result, field: "result")
        let mutation = Mutation("CompleteTask", requestID: options.requestID) {
            $0.feed(request.leaseToken)
            $0.feed(request.result)
        }
        return try await change(request.taskID, mutation, options) { record, now throws(TaskwireError) in
            try TaskRules.open(record.state)
            try TaskRules.lease(record, token: request.leaseToken)
            guard let result = request.result ?? record.state.result else {
                throw .invalidField("result", "required, since none was stored before")
            }
            record.state.result = result
            record.end(as: .completed, error: nil, at: now)
        }
    }

    /// See ``TaskStore/failTask(_:options:)``.
    public func failTask(_ request: FailTaskRequest, options: CallOptions) async throws -> TaskState {
        try TaskRules.text(request.error.message, field: "error.message")
        try TaskRules.text(request.statusMessage, field: "status_message")
        let mutation = Mutation("FailTask", requestID: options.requestID) {
            $0.feed(request.leaseToken)
            $0.feed(Int64(request.error.code))
            $0.feed(request.error.message)
            $0.feed(request.error.data) { $0.feed($1) }
            $0.feed(request.statusMessage)
        }
        return try await change(request.taskID, mutation, options) { record, now throws(TaskwireError) in
            try TaskRules.open(record.state)
            try TaskRules.lease(record, token: request.leaseToken)
            record.state.statusMessage = request.statusMessage ?? request.error.message
            record.end(as: .failed, error: request.error, at: now)
        }
    }

    /// See ``TaskStore/cancelTask(_:options:)``.
    public func cancelTask(_ request: CancelTaskRequest, options: CallOptions) async throws -> TaskState {
        try TaskRules.text(request.statusMessage, field: "status_message")
        let mutation = Mutation("CancelTask", requestID: options.requestID) {
            $0.feed(request.mode == .immediate ? "immediate" : "request")
            $0.feed(request.statusMessage)
        }
        return try await change(request.taskID, mutation, options) { record, now throws(TaskwireError) in
            if request.mode == .request, record.state.status.isTerminal { return }
            try TaskRules.cancellable(record.state)
            record.state.isCancelRequested = true
            record.state.statusMessage = request.statusMessage ?? record.state.statusMessage
            if request.mode == .immediate {
                record.end(as: .cancelled, error: nil, at: now)
            }
        }
    }

    /// See ``TaskStore/deleteTask(_:options:)``. That a task was not there is not remembered, as nothing is there to
    /// remember it: a retry looks again.
    public func deleteTask(_ taskID: String, options: CallOptions) async throws -> Bool {
        try TaskID.validate(taskID)
        let mutation = Mutation("DeleteTask", requestID: options.requestID) { _ in }
        let tombstoneMilliseconds = core.limits.tombstoneMilliseconds
        do {
            _ = try await mutate(taskID, mutation, options) { record, now, _ throws(TaskwireError) in
                guard record?.isLive == true else { throw Self.notFound(taskID, record) }
                record?.bury(at: now, isExpired: false, tombstoneMilliseconds: tombstoneMilliseconds)
                return MutationProduct.none
            }
            return true
        } catch let error as TaskwireError where error.code == .notFound {
            return false
        }
    }

    /// Applies a mutation to a task that has to be there, and counts the revision where it changed something.
    func change(
        _ taskID: String,
        _ mutation: Mutation,
        _ options: CallOptions,
        _ body: @escaping @Sendable (inout TaskRecord, Timestamp) throws(TaskwireError) -> Void
    ) async throws -> TaskState {
        try await changeAndReturn(taskID, mutation, options) { record, now throws(TaskwireError) in
            try body(&record, now)
            return MutationProduct.none
        }.task
    }

    /// The same for a mutation that returns more than the task. One whose product is `nil` had nothing to do and is not
    /// remembered.
    func changeAndReturn(
        _ taskID: String,
        _ mutation: Mutation,
        _ options: CallOptions,
        _ body: @escaping @Sendable (inout TaskRecord, Timestamp) throws(TaskwireError) -> MutationProduct?
    ) async throws -> Outcome {
        try TaskID.validate(taskID)
        return try await mutate(taskID, mutation, options) { optional, now, _ throws(TaskwireError) in
            guard var record = optional, record.isLive else { throw Self.notFound(taskID, optional) }
            let before = record
            let product = try body(&record, now)
            if record.isVisiblyDifferent(from: before) { record.touch(at: now) }
            optional = record
            return product
        }
    }

    /// What a mutation returns: the task without its payloads, and whatever else it made.
    typealias Outcome = (task: TaskState, product: MutationProduct, messages: [TaskMessage])

    /// Applies a mutation once: a retry gets the outcome of the first try.
    private func mutate(
        _ taskID: String,
        _ mutation: Mutation,
        _ options: CallOptions,
        _ body:
            @escaping @Sendable (inout TaskRecord?, Timestamp, _ ownerTaskCount: Int) throws(TaskwireError) ->
            MutationProduct?
    ) async throws -> Outcome {
        let key = TaskKey(owner: owner, id: taskID)
        let core = core
        let (result, isNotable) = try await core.storage.mutate(key) { record, ownerTaskCount in
            if let deadline = options.deadline, deadline <= .now {
                throw TaskwireError(
                    .deadlineExceeded,
                    .deadlineExceeded,
                    "The call's time was over before its turn came; nothing was changed"
                )
            }
            let now = core.clock.now
            let stored = record
            let settled = core.settled(record, at: now)
            record = settled
            let result: Result<Outcome, TaskwireError>
            do throws(TaskwireError) {
                result = .success(
                    try apply(mutation, to: &record, of: taskID, at: now) { record throws(TaskwireError) in
                        try body(&record, now, ownerTaskCount)
                    }
                )
            } catch {
                // The refusal may show what time has made of the task, which then has to stay so, as with a read.
                record = settled?.state.revision == stored?.state.revision ? stored : settled
                result = .failure(error)
            }
            return (result, record?.isNotable(after: stored) ?? true)
        }
        if isNotable { core.waiters.wake(key) }
        return try result.get()
    }

    /// Carries out a mutation on a record that is as it is at `now`, unless that was done before: then it returns the outcome
    /// of the first try.
    private func apply(
        _ mutation: Mutation,
        to record: inout TaskRecord?,
        of taskID: String,
        at now: Timestamp,
        _ body: (inout TaskRecord?) throws(TaskwireError) -> MutationProduct?
    ) throws(TaskwireError) -> Outcome {
        if let record, let past = try record.mutations.outcome(of: mutation) {
            return (
                past.state(underKeyOf: record.state), past.product,
                try Self.messages(past.product, of: mutation, in: record)
            )
        }
        let product = try body(&record)
        guard var changed = record else { throw Self.notFound(taskID, nil) }
        // A shortened time to live may be over at once.
        let isKept = changed.settle(at: now, tombstoneMilliseconds: core.limits.tombstoneMilliseconds)
        let shown = changed.state.viewed(as: .basic)
        if let product {
            changed.mutations.remember(
                mutation,
                outcome: MutationOutcome(state: shown.basics, product: product)
            )
        }
        changed.forgetDeliveries()
        record = isKept ? changed : nil
        return (shown, product ?? .none, changed.delivery(to: mutation.requestID) ?? [])
    }

    /// The messages that a call took when it was made for the first time.
    /// - Throws: ABORTED / DELIVERY_FORGOTTEN where they are not kept any more. They are not given to anybody else.
    private static func messages(
        _ product: MutationProduct,
        of mutation: Mutation,
        in record: TaskRecord
    ) throws(TaskwireError) -> [TaskMessage] {
        guard product == .delivery else { return [] }
        guard let messages = record.delivery(to: mutation.requestID) else {
            throw TaskwireError(
                .aborted,
                .deliveryForgotten,
                "What the call took when it was first made is not kept any more",
                task: record.isLive ? record.state.viewed(as: .basic) : nil
            )
        }
        return messages
    }
}

extension TaskEngine.Core {
    /// What a stored record is at `now`; `nil` when nothing of it is left.
    func settled(_ stored: TaskRecord?, at now: Timestamp) -> TaskRecord? {
        guard var record = stored else { return nil }
        record.extendLease(after: max(startedAt, storage.returnedAt ?? startedAt))
        return record.settle(at: now, tombstoneMilliseconds: limits.tombstoneMilliseconds) ? record : nil
    }

    /// What a stored record is now, for somebody to see.
    ///
    /// What time has made of it is stored first: otherwise a write that is under way, or a restart that gives the holder of
    /// a lease more time, could take back an end that was shown.
    func shown(_ stored: TaskRecord) async -> TaskRecord? {
        let record = settled(stored, at: clock.now)
        guard let record, record.state.revision != stored.state.revision else { return record }
        let key = stored.key
        do {
            let settled = try await storage.mutate(key) { record, _ in
                record = self.settled(record, at: self.clock.now)
                return record
            }
            waiters.wake(key)
            return settled
        } catch {
            // A store that cannot be written can still be read.
            return record
        }
    }
}

extension TaskState {
    /// About what the basic view takes in a message.
    fileprivate var basicByteCount: Int {
        let texts = [id, owner, statusMessage ?? "", immediateResponse ?? ""]
        return texts.reduce(128) { $0 + $1.utf8.count }
            + labelList.labels.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count + 8 }
    }
}

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
        let memory: MutationMemory
        private let startedAt: Timestamp
        /// Told of what time has changed.
        let elapsedObserver = Mutex<(@Sendable (ElapsedChange) -> Void)?>(nil)
        let nextSweep = Mutex(Timestamp(millisecondsSince1970: .min))

        init(storage: Storage, clock: Clock) {
            self.storage = storage
            limits = storage.limits
            self.clock = clock
            self.memory = MutationMemory(limits)
            self.waiters = TaskWaiters(limit: limits.maxWaits, clock: clock)
            self.startedAt = clock.now
        }
    }

    let core: Core

    /// Whose tasks this engine sees; empty without authentication.
    public let owner: String

    /// An engine on `storage` that acts for `owner`.
    public init(storage: Storage, clock: Clock, owner: String = "") {
        self.core = Core(storage: storage, clock: clock)
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

    /// The limits that it enforces: those of its storage.
    public var limits: TaskLimits { core.limits }

    /// Where it keeps the tasks of all owners.
    package var storage: Storage { core.storage }

    /// Has `observer` told of everything that time changes from now on, and nobody else; nil: nobody. It must not block.
    package func observeElapsedChanges(_ observer: (@Sendable (ElapsedChange) -> Void)?) {
        core.elapsedObserver.withLock { $0 = observer }
    }

    /// How many calls wait right now, for any owner.
    public var waitCount: Int { core.waiters.count }

    /// How many records the storage holds, of all owners.
    public func counts() async throws -> TaskStorageCounts {
        try await core.storage.counts()
    }

    /// Looks whether tasks can be served now.
    public func checkHealth() async -> HealthReport {
        let checks = await core.storage.checkHealth()
        let isReady = checks.allSatisfy { $0.isOK || $0.name == HealthCheck.clock }
        return HealthReport(isReady: isReady, checks: checks)
    }

    /// Returns a consistent copy of the whole storage, which has the tasks of all owners.
    /// - Throws: as ``TaskStorage/backUp()``.
    public func backUp() async throws -> any StorageBackup {
        try await core.storage.backUp()
    }

    // MARK: Reads

    /// See ``TaskStore/getTask(_:view:options:)``.
    public func getTask(_ taskID: String, view: TaskView, options: CallOptions) async throws -> TaskState {
        try await output(of: getTask(taskID, view: view))
    }

    /// See ``TaskStore/getResult(_:options:)``.
    public func getResult(_ taskID: String, options: CallOptions) async throws -> TaskOutcome {
        try await output(of: getResult(taskID))
    }

    /// See ``TaskStore/listTasks(_:options:)``.
    public func listTasks(_ request: ListTasksRequest, options: CallOptions) async throws -> TaskPage {
        let pageSize = try core.limits.pageSize(request.pageSize)
        try TaskRules.labels(request.labels)
        var position: TaskPosition?
        if !request.cursor.isEmpty {
            position = try TaskCursor.decode(request.cursor, owner: owner, request: request)
        }
        let now = core.now
        let wanted = request.statuses.isEmpty ? Set(TaskStatus.allCases) : request.statuses
        var stored = wanted
        if wanted.contains(.failed), try await !core.storage.due(atOrBefore: now.steady, limit: 1).isEmpty {
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
        let now = core.now
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

    static func notFound(_ taskID: String, _ record: TaskRecord?) -> TaskwireError {
        let isExpired = record?.tombstone?.isExpired == true
        return TaskwireError(.notFound, isExpired ? .taskExpired : .taskNotFound, "Task not found: \(taskID)")
    }

    // MARK: Mutations

    /// See ``TaskStore/createTask(_:options:)``.
    public func createTask(_ request: CreateTaskRequest, options: CallOptions) async throws -> TaskState {
        try await output(of: create(request, options))
    }

    /// See ``TaskStore/updateTask(_:options:)``.
    public func updateTask(_ request: UpdateTaskRequest, options: CallOptions) async throws -> TaskState {
        try await output(of: update(request, options))
    }

    /// See ``TaskStore/storeResult(_:options:)``.
    public func storeResult(_ request: StoreResultRequest, options: CallOptions) async throws -> TaskState {
        try await output(of: storeResult(request, options))
    }

    /// See ``TaskStore/completeTask(_:options:)``.
    public func completeTask(_ request: CompleteTaskRequest, options: CallOptions) async throws -> TaskState {
        try await output(of: complete(request, options))
    }

    /// See ``TaskStore/failTask(_:options:)``.
    public func failTask(_ request: FailTaskRequest, options: CallOptions) async throws -> TaskState {
        try await output(of: fail(request, options))
    }

    /// See ``TaskStore/cancelTask(_:options:)``.
    public func cancelTask(_ request: CancelTaskRequest, options: CallOptions) async throws -> TaskState {
        try await output(of: cancel(request, options))
    }

    /// See ``TaskStore/deleteTask(_:options:)``. That a task was not there is not remembered, as nothing is there to
    /// remember it: a retry looks again.
    public func deleteTask(_ taskID: String, options: CallOptions) async throws -> Bool {
        try await output(of: delete(taskID, options))
    }
}

extension TaskEngine.Core {
    /// The present moment by the store's time.
    var now: TaskInstant { storage.time(at: clock.instant) }

    /// How far the store's steady clock is ahead of ours, in milliseconds.
    var storeLead: Int64 {
        let instant = clock.instant
        return storage.time(at: instant).steady.milliseconds(since: instant.steady)
    }

    /// Since when leases can be renewed, by the store's steady clock: since the store was opened, the database could be reached
    /// again, or the process went on running after a gap in which a lease that is renewed in time can be lost.
    /// - Parameter gap: How long such a gap is at least, in milliseconds.
    private func servingSince(gap: Int64) -> Timestamp {
        let ends = [startedAt, storage.returnedAt, clock.endOfGap(ofAtLeast: gap)]
        return ends.compactMap(\.self).reduce(startedAt, max).adding(milliseconds: storeLead)
    }

    /// Returns true if time has changed nothing of a stored record, as is so for most that are looked at.
    func isCurrent(_ stored: borrowing TaskRecord, at now: TaskInstant) -> Bool {
        stored.dueAt.map { $0 > now.steady } ?? true
    }

    /// What a stored record is at `now`; `nil` when nothing of it is left.
    func settled(_ stored: TaskRecord?, at now: TaskInstant) -> TaskRecord? {
        guard var record = stored else { return nil }
        if isCurrent(record, at: now) { return record }
        if let secret = record.leaseSecret {
            record.extendLease(after: servingSince(gap: secret.silenceMilliseconds))
        }
        return record.settle(at: now, tombstoneMilliseconds: limits.tombstoneMilliseconds) ? record : nil
    }

    /// Brings a stored record to what it is at `now`.
    /// - Returns: What time has changed, to be told once it is stored.
    func settle(_ record: inout TaskRecord?, at now: TaskInstant) -> [ElapsedChange] {
        guard let stored = record, !isCurrent(stored, at: now) else { return [] }
        record = settled(stored, at: now)
        guard record?.state.revision != stored.state.revision else { return [] }
        return ElapsedChange.all(from: stored, to: record)
    }

    /// Tells the observer of what was stored.
    func tell(_ changes: [ElapsedChange]) {
        guard !changes.isEmpty, let observer = elapsedObserver.withLock(\.self) else { return }
        for change in changes { observer(change) }
    }

    /// What a stored record is now, for somebody to see.
    ///
    /// What time has made of it is stored first: otherwise a write that is under way, or a restart that gives the holder of
    /// a lease more time, could take back an end that was shown.
    func shown(_ stored: TaskRecord) async -> TaskRecord? {
        let record = settled(stored, at: now)
        guard let record, record.state.revision != stored.state.revision else { return record }
        let key = stored.key
        do {
            let (settled, changes) = try await storage.mutate(key) { record, _ in
                let changes = self.settle(&record, at: self.now)
                return (record, changes)
            }
            waiters.wake(key)
            tell(changes)
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

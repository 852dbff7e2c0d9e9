/// What a backend writes: records by key, in order, and by due time. It knows no rule of the contract.
public protocol TaskStorage: Sendable {
    /// The kind of storage, as `GetServerInfo` shows it: `memory`, `sqlite`, `redis`.
    static var kind: String { get }

    /// The limits that it was opened with, which are those that the engine enforces.
    var limits: TaskLimits { get }

    /// Returns the record as it was last written. Its log of mutations, or a part of that, may be left out.
    func read(_ key: TaskKey) async throws -> TaskRecord?

    /// The same as ``read(_:)`` at once, where the storage has it at hand; `later`, which is the default, where it does not.
    /// It must not block.
    func readNow(_ key: TaskKey) -> NowOrLater<TaskRecord?>

    /// Runs `body` on the record and stores what it leaves, as one atomic step that is durable when this returns.
    ///
    /// What `body` throws is thrown on, and nothing is stored. `body` is pure and may run more than once.
    /// - Parameter body: Gets the record, `nil` where there is none, and how many live records the owner has.
    func mutate<Output: Sendable>(
        _ key: TaskKey,
        _ body: @escaping @Sendable (inout TaskRecord?, _ ownerTaskCount: Int) throws -> Output
    ) async throws -> Output

    /// The same as ``mutate(_:_:)`` at once, where the storage can. It must not block.
    /// - Returns: False, which is the default, where it cannot: then `body` did not run.
    func mutateNow(
        _ key: TaskKey,
        _ body: (inout TaskRecord?, _ ownerTaskCount: Int) -> Void
    ) -> Bool

    /// Returns live records of one owner in the order of (creation, id), starting after a position. Their requests,
    /// results, interactions and logs of mutations may be left out.
    func page(_ query: TaskStorageQuery) async throws -> [TaskRecord]

    /// Returns keys of up to `limit` records that are due at or before `moment` by the steady clock, the earliest first.
    func due(atOrBefore moment: Timestamp, limit: Int) async throws -> [TaskKey]

    /// Returns how many records there are.
    func counts() async throws -> TaskStorageCounts

    /// Looks whether records can be read now, within three seconds. One check named `store` by default, which reads a record
    /// that is not there.
    func checkHealth() async -> [HealthCheck]

    /// Calls `onChange` whenever another process may have changed the record, at most a second later, until what this
    /// returns is let go of. Returns `nil`, which is the default, where no other process changes the database.
    /// - Parameter onChange: Called on any thread; must not block. A call is a hint to look again, and may be one too many.
    func watch(_ key: TaskKey, onChange: @escaping @Sendable () -> Void) -> (any TaskWatch)?

    /// The moment by the time that everybody judges by who uses the database, now or later. By default that of the engine's
    /// clock: no other process comes after this one.
    func time(at instant: TaskInstant) -> TaskInstant

    /// Since when the database can be reached again that could not be, by the engine's steady clock; `nil`, which is the
    /// default, where it always could. Meanwhile nobody could renew a lease.
    var returnedAt: Timestamp? { get }

    /// Returns a copy of everything, of all owners, with each mutation that has returned, while others go on.
    /// - Throws: UNIMPLEMENTED / METHOD_NOT_SERVED where the storage cannot, which is the default. UNAVAILABLE /
    ///   STORE_FULL where the copy has no room.
    func backUp() async throws -> any StorageBackup
}

/// Somebody's interest in one record, for as long as this exists.
public protocol TaskWatch: AnyObject, Sendable {}

extension TaskStorage {
    /// The engine's.
    public func time(at instant: TaskInstant) -> TaskInstant { instant }

    /// Never away.
    public var returnedAt: Timestamp? { nil }

    /// Later.
    public func readNow(_ key: TaskKey) -> NowOrLater<TaskRecord?> { .later }

    /// Not now.
    public func mutateNow(
        _ key: TaskKey,
        _ body: (inout TaskRecord?, _ ownerTaskCount: Int) -> Void
    ) -> Bool { false }

    /// Reads a record that is not there.
    public func checkHealth() async -> [HealthCheck] {
        do {
            _ = try await read(TaskKey(owner: "", id: HealthCheck.store))
            return [HealthCheck(name: HealthCheck.store, isOK: true)]
        } catch {
            let message = (error as? TaskwireError)?.message ?? "The store failed"
            return [HealthCheck(name: HealthCheck.store, isOK: false, message: message)]
        }
    }

    /// Nothing to watch.
    public func watch(_ key: TaskKey, onChange: @escaping @Sendable () -> Void) -> (any TaskWatch)? { nil }

    /// Refuses.
    public func backUp() async throws -> any StorageBackup {
        throw TaskwireError(
            .unimplemented,
            .methodNotServed,
            "A store of the kind \(Self.kind) cannot be backed up"
        )
    }
}

/// A value that is at hand, or that has to be waited for.
public enum NowOrLater<Value> {
    /// The value.
    case now(Value)
    /// It has to be waited for.
    case later
}

extension NowOrLater: Sendable where Value: Sendable {}

/// How many records a storage holds.
public struct TaskStorageCounts: Sendable, Hashable {
    /// Tasks that are there, terminal ones included.
    public var tasks: Int
    /// Removed tasks that are remembered.
    public var tombstones: Int

    /// Counts of tasks and tombstones.
    public init(tasks: Int, tombstones: Int) {
        self.tasks = tasks
        self.tombstones = tombstones
    }
}

/// A place in the order of an owner's tasks: (creation, id).
public struct TaskPosition: Sendable, Hashable, Comparable {
    /// When the task was created.
    public var createdAt: Timestamp
    /// The task's id.
    public var id: String

    /// The place of the task `id` that was created at `createdAt`.
    public init(createdAt: Timestamp, id: String) {
        self.createdAt = createdAt
        self.id = id
    }

    /// Orders by creation, then by id.
    public static func < (left: TaskPosition, right: TaskPosition) -> Bool {
        (left.createdAt, left.id) < (right.createdAt, right.id)
    }
}

/// Which records a page wants.
public struct TaskStorageQuery: Sendable, Hashable {
    /// Whose.
    public var owner: String
    /// In which stored states. A record whose time is over counts as it was last written.
    public var statuses: Set<TaskStatus>
    /// Only those after this place.
    public var after: TaskPosition?
    /// How many at most.
    public var limit: Int

    /// A query.
    public init(owner: String, statuses: Set<TaskStatus>, after: TaskPosition?, limit: Int) {
        self.owner = owner
        self.statuses = statuses
        self.after = after
        self.limit = limit
    }
}

internal import DequeModule
internal import SortedCollections
internal import Synchronization

/// Records in the memory of this process.
///
/// What a call costs does not grow with the number of tasks but by the depth of a tree.
public final class MemoryStorage: TaskStorage {
    fileprivate struct Owner {
        /// The owner's tasks in the order of a listing, apart by status.
        var order: [TaskStatus: SortedSet<Place>] = [:]
        var count = 0
    }

    /// A place in the order of an owner's tasks: (creation, id).
    fileprivate struct Place: Comparable {
        var createdAt: Timestamp
        var task: TaskReference

        static func < (left: Place, right: Place) -> Bool {
            guard left.createdAt == right.createdAt else { return left.createdAt < right.createdAt }
            return left.task.key.compactID < right.task.key.compactID
        }
    }

    fileprivate struct Due: Comparable {
        var moment: Timestamp
        var task: StoredTask

        /// Those of the same moment may come in any order.
        static func < (left: Due, right: Due) -> Bool {
            guard left.moment == right.moment else { return left.moment < right.moment }
            return ObjectIdentifier(left.task) < ObjectIdentifier(right.task)
        }

        static func == (left: Due, right: Due) -> Bool {
            left.moment == right.moment && left.task === right.task
        }
    }

    /// A tombstone, told from earlier ones of the same task by its revision.
    fileprivate struct Grave {
        var key: TaskKey
        var revision: UInt64
    }

    fileprivate struct State {
        let table: TaskTable
        var owners: [String: Owner] = [:]
        var due = SortedSet<Due>()
        /// Tombstones in the order of removal. The first one stands; later ones may be gone by now.
        var graves: Deque<Grave> = []
        var tombstoneCount = 0
        var taskCount = 0
    }

    private let table = TaskTable()
    /// Held by whoever changes anything, and by whoever looks for more than one task.
    private let state: Mutex<State>
    private let maxTombstones: Int
    /// See ``TaskStorage/limits``.
    public let limits: TaskLimits

    /// An empty storage for tasks with these limits.
    public init(limits: TaskLimits = TaskLimits()) {
        self.limits = limits
        state = Mutex(State(table: table))
        maxTombstones = max(0, limits.maxTombstones)
    }

    /// `memory`.
    public static let kind = "memory"

    /// See ``TaskStorage/read(_:)``.
    public func read(_ key: TaskKey) async throws -> TaskRecord? {
        table.read(key)
    }

    /// See ``TaskStorage/mutate(_:_:)``.
    public func mutate<Output: Sendable>(
        _ key: TaskKey,
        _ body: @escaping @Sendable (inout TaskRecord?, _ ownerTaskCount: Int) throws -> Output
    ) async throws -> Output {
        try change(key, body)
    }

    /// See ``TaskStorage/readNow(_:)``.
    public func readNow(_ key: TaskKey) -> NowOrLater<TaskRecord?> {
        .now(table.read(key))
    }

    /// See ``TaskStorage/mutateNow(_:_:)``.
    public func mutateNow(
        _ key: TaskKey,
        _ body: (inout TaskRecord?, _ ownerTaskCount: Int) -> Void
    ) -> Bool {
        change(key, body)
        return true
    }

    private func change<Output: Sendable, Failure: Error>(
        _ key: TaskKey,
        _ body: (inout TaskRecord?, _ ownerTaskCount: Int) throws(Failure) -> Output
    ) throws(Failure) -> Output {
        try state.withLock { state throws(Failure) in
            let task = state.table[key]
            var after = task?.record
            let output = try body(&after, state.owners[key.owner]?.count ?? 0)
            state.replace(key, task, by: after)
            while state.tombstoneCount > maxTombstones, let grave = state.graves.first {
                state.replace(grave.key, state.table[grave.key], by: nil)
            }
            return output
        }
    }

    /// See ``TaskStorage/page(_:)``.
    public func page(_ query: TaskStorageQuery) async throws -> [TaskRecord] {
        state.withLock { state in
            guard let owner = state.owners[query.owner] else { return [] }
            return query.statuses
                .flatMap { status in owner.order[status]?.page(query) ?? [] }
                .sorted()
                .prefix(query.limit)
                .compactMap { $0.task.task?.shown }
        }
    }

    /// See ``TaskStorage/due(atOrBefore:limit:)``.
    public func due(atOrBefore moment: Timestamp, limit: Int) async throws -> [TaskKey] {
        state.withLock { $0.due.prefix(limit).prefix { $0.moment <= moment }.map(\.task.key) }
    }

    /// See ``TaskStorage/counts()``.
    public func counts() async throws -> TaskStorageCounts {
        state.withLock { TaskStorageCounts(tasks: $0.taskCount, tombstones: $0.tombstoneCount) }
    }
}

extension SortedSet<MemoryStorage.Place> {
    fileprivate func page(_ query: TaskStorageQuery) -> [MemoryStorage.Place] {
        guard let after = query.after else { return Array(prefix(query.limit)) }
        let start = MemoryStorage.Place(after, owner: query.owner)
        let end = TaskPosition(createdAt: Timestamp(millisecondsSince1970: .max), id: "\u{10FFFF}")
        return self[start..<MemoryStorage.Place(end, owner: query.owner)]
            .lazy.filter { $0 != start }.prefix(query.limit).map(\.self)
    }
}

extension MemoryStorage.Place {
    fileprivate init(_ position: TaskPosition, owner: String) {
        self.init(
            createdAt: position.createdAt,
            task: TaskReference(to: TaskKey(owner: owner, id: position.id))
        )
    }
}

extension MemoryStorage.State {
    /// Stores a record, or removes the stored one, and keeps order, due times and counts in step with it.
    /// - Parameter stored: What is there under the key.
    mutating func replace(_ key: TaskKey, _ stored: StoredTask?, by after: TaskRecord?) {
        guard let task = stored ?? after.map(StoredTask.init) else { return }
        let before = stored?.shown

        let oldDue = before?.dueAt
        let newDue = after?.dueAt
        if oldDue != newDue {
            if let oldDue { due.remove(MemoryStorage.Due(moment: oldDue, task: task)) }
            if let newDue { due.insert(MemoryStorage.Due(moment: newDue, task: task)) }
        }

        let oldOrder = before?.order
        let newOrder = after?.order
        if oldOrder?.status != newOrder?.status || oldOrder?.createdAt != newOrder?.createdAt {
            if let (status, createdAt) = oldOrder {
                owners[key.owner]?.order[status]?.remove(.init(createdAt: createdAt, task: .stored(task)))
            }
            if let (status, createdAt) = newOrder {
                owners[key.owner, default: MemoryStorage.Owner()]
                    .order[status, default: SortedSet()]
                    .insert(.init(createdAt: createdAt, task: .stored(task)))
            }
            let difference = (newOrder == nil ? 0 : 1) - (oldOrder == nil ? 0 : 1)
            taskCount += difference
            owners[key.owner]?.count += difference
            if owners[key.owner]?.count == 0 { owners[key.owner] = nil }
        }

        if before?.tombstone != after?.tombstone {
            if before?.tombstone != nil { tombstoneCount -= 1 }
            if let after, after.tombstone != nil {
                tombstoneCount += 1
                graves.append(MemoryStorage.Grave(key: after.key, revision: after.state.revision))
            }
        }

        switch (stored, after) {
        case (nil, _): table.insert(task)
        case (_, let after?): table.update(task, to: after)
        case (_, nil): table.remove(task)
        }
        while let grave = graves.first, !stands(grave) { graves.removeFirst() }
        if graves.count > 2 * tombstoneCount + 64 { graves = Deque(graves.filter(stands)) }
    }

    private func stands(_ grave: MemoryStorage.Grave) -> Bool {
        guard let record = table.read(grave.key) else { return false }
        return record.tombstone != nil && record.state.revision == grave.revision
    }
}

extension TaskRecord {
    /// Where the task stands in listings; `nil` for a tombstone.
    fileprivate var order: (status: TaskStatus, createdAt: Timestamp)? {
        isLive ? (state.status, state.createdAt) : nil
    }
}

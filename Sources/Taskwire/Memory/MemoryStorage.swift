internal import DequeModule
internal import SortedCollections
internal import Synchronization

/// Records in the memory of this process.
///
/// What a call costs does not grow with the number of tasks but by the depth of a tree. The hash table is in
/// many parts, so that none of them takes long to grow.
public final class MemoryStorage: TaskStorage {
    fileprivate struct Owner {
        /// The owner's tasks in the order of a listing, apart by status.
        var order: [TaskStatus: SortedSet<TaskPosition>] = [:]
        var count = 0
    }

    fileprivate struct Due: Comparable {
        var moment: Timestamp
        var key: TaskKey

        static func < (left: Due, right: Due) -> Bool {
            (left.moment, left.key) < (right.moment, right.key)
        }
    }

    /// A tombstone, told from earlier ones of the same task by its revision.
    fileprivate struct Grave {
        var key: TaskKey
        var revision: UInt64
    }

    fileprivate struct State {
        static let partCount = 256
        var parts = [[TaskKey: TaskRecord]](repeating: [:], count: partCount)
        var owners: [String: Owner] = [:]
        var due = SortedSet<Due>()
        /// Tombstones in the order of removal. The first one stands; later ones may be gone by now.
        var graves: Deque<Grave> = []
        var tombstoneCount = 0
        var taskCount = 0
    }

    private let state = Mutex(State())
    private let maxTombstones: Int

    /// An empty storage that keeps as many tombstones as `limits` say.
    public init(limits: TaskLimits = TaskLimits()) {
        maxTombstones = max(0, limits.maxTombstones)
    }

    /// `memory`.
    public static let kind = "memory"

    /// See ``TaskStorage/read(_:)``.
    public func read(_ key: TaskKey) async throws -> TaskRecord? {
        state.withLock { $0[key] }
    }

    /// See ``TaskStorage/mutate(_:_:)``.
    public func mutate<Output: Sendable>(
        _ key: TaskKey,
        _ body: @escaping @Sendable (inout TaskRecord?, _ ownerTaskCount: Int) throws -> Output
    ) async throws -> Output {
        try state.withLock { state in
            let before = state[key]
            var after = before
            let output = try body(&after, state.owners[key.owner]?.count ?? 0)
            state.replace(key, before, by: after)
            while state.tombstoneCount > maxTombstones, let grave = state.graves.first {
                state.replace(grave.key, state[grave.key], by: nil)
            }
            return output
        }
    }

    /// See ``TaskStorage/page(_:)``.
    public func page(_ query: TaskStorageQuery) async throws -> [TaskRecord] {
        state.withLock { state in
            guard let owner = state.owners[query.owner] else { return [] }
            let positions = query.statuses
                .flatMap { status in owner.order[status]?.page(after: query.after, limit: query.limit) ?? [] }
                .sorted()
                .prefix(query.limit)
            return positions.compactMap { state[TaskKey(owner: query.owner, id: $0.id)] }
        }
    }

    /// See ``TaskStorage/due(atOrBefore:limit:)``.
    public func due(atOrBefore moment: Timestamp, limit: Int) async throws -> [TaskKey] {
        state.withLock { $0.due.prefix(limit).prefix { $0.moment <= moment }.map(\.key) }
    }

    /// See ``TaskStorage/counts()``.
    public func counts() async throws -> TaskStorageCounts {
        state.withLock { TaskStorageCounts(tasks: $0.taskCount, tombstones: $0.tombstoneCount) }
    }
}

extension SortedSet<TaskPosition> {
    fileprivate func page(after position: TaskPosition?, limit: Int) -> [TaskPosition] {
        guard let position else { return Array(prefix(limit)) }
        let end = TaskPosition(createdAt: Timestamp(millisecondsSince1970: .max), id: "\u{10FFFF}")
        return self[position..<end].lazy.filter { $0 != position }.prefix(limit).map(\.self)
    }
}

extension MemoryStorage.State {
    subscript(key: TaskKey) -> TaskRecord? {
        get { parts[Self.part(of: key)][key] }
        set { parts[Self.part(of: key)][key] = newValue }
    }

    private static func part(of key: TaskKey) -> Int {
        key.hashValue & (partCount - 1)
    }

    /// Stores a record and keeps order, due times and counts in step with it.
    mutating func replace(_ key: TaskKey, _ before: TaskRecord?, by after: TaskRecord?) {
        let oldDue = before?.dueAt
        let newDue = after?.dueAt
        if oldDue != newDue {
            if let oldDue { due.remove(MemoryStorage.Due(moment: oldDue, key: key)) }
            if let newDue { due.insert(MemoryStorage.Due(moment: newDue, key: key)) }
        }

        let oldPlace = before?.place
        let newPlace = after?.place
        if oldPlace != newPlace {
            if let oldPlace { owners[key.owner]?.order[oldPlace.status]?.remove(oldPlace.position) }
            if let newPlace {
                owners[key.owner, default: MemoryStorage.Owner()]
                    .order[newPlace.status, default: SortedSet()].insert(newPlace.position)
            }
            let difference = (newPlace == nil ? 0 : 1) - (oldPlace == nil ? 0 : 1)
            taskCount += difference
            owners[key.owner]?.count += difference
            if owners[key.owner]?.count == 0 { owners[key.owner] = nil }
        }

        if before?.tombstone != after?.tombstone {
            if before?.tombstone != nil { tombstoneCount -= 1 }
            if let after, after.tombstone != nil {
                tombstoneCount += 1
                graves.append(MemoryStorage.Grave(key: key, revision: after.state.revision))
            }
        }
        self[key] = after
        while let grave = graves.first, !stands(grave) { graves.removeFirst() }
        if graves.count > 2 * tombstoneCount + 64 { graves = Deque(graves.filter(stands)) }
    }

    private func stands(_ grave: MemoryStorage.Grave) -> Bool {
        let record = self[grave.key]
        return record?.tombstone != nil && record?.state.revision == grave.revision
    }
}

extension TaskRecord {
    /// Where the task stands in listings; `nil` for a tombstone.
    fileprivate var place: Place? {
        guard isLive else { return nil }
        return Place(
            status: state.status,
            position: TaskPosition(createdAt: state.createdAt, id: state.id)
        )
    }

    fileprivate struct Place: Equatable {
        var status: TaskStatus
        var position: TaskPosition
    }
}

internal import FoundationEssentials
internal import GRDB
internal import Taskwire
internal import TaskwireProtobuf

/// Reads and changes tasks within one transaction, and keeps the counts in step.
final class TaskTransaction {
    private struct OwnerCount {
        let owner: String
        var before: Int
        var now: Int
    }

    /// Bounds what one transaction forgets when there are suddenly many too many.
    private static let maxForgotten = 1024

    private let db: Database
    private let codec: RecordCodec
    private let cache: RecordCache
    /// By bytes, as SQLite compares them; strings of other bytes may be equal to Swift.
    private var ownerCounts: [[UInt8]: OwnerCount] = [:]
    private var tasksAdded = 0
    private var tombstonesAdded = 0

    /// The tasks that were changed, as they are now: nil where nothing is left.
    private(set) var changes: [StoredKey: StoredTask?] = [:]
    /// How many bytes of records and payloads were written.
    private(set) var byteCount = 0
    /// Whether anything was.
    private(set) var isChanged = false

    init(_ db: Database, codec: RecordCodec, cache: RecordCache) {
        self.db = db
        self.codec = codec
        self.cache = cache
    }

    /// Runs `body` on a record and stores what it leaves.
    ///
    /// A failure that is returned is that of `body`, and nothing was written.
    /// - Throws: What the database throws, which says nothing about `body`.
    func mutate<Output>(
        _ key: TaskKey,
        _ body: (inout TaskRecord?, _ ownerTaskCount: Int) throws -> Output
    ) throws -> Result<Output, any Error> {
        let name = StoredKey(key)
        let old = try current(key, name)
        let stored = old?.stored
        let ownerTaskCount = try ownerCount(key.owner).now
        var record = stored?.record
        let output: Output
        var encoded: EncodedRecord?
        do {
            output = try body(&record, ownerTaskCount)
            guard record != stored?.record else { return .success(output) }
            if let record {
                encoded = try EncodedRecord(record, replacing: stored, codec: codec)
            }
        } catch {
            return .failure(error)
        }
        switch (old, encoded) {
        case (nil, let encoded?):
            changes[name] = encoded.task(number: try insert(encoded, key))
        case (let old?, let encoded?):
            try update(old, encoded)
            changes[name] = encoded.task(number: old.number)
        case (let old?, nil):
            try execute(TaskStatements.delete, [old.number])
            changes[name] = .some(nil)
        case (nil, nil):
            break
        }
        isChanged = true
        count(key.owner, from: stored?.record, to: record)
        byteCount += encoded?.byteCount ?? 0
        return .success(output)
    }

    /// Writes what the changes of a transaction share. The last step before the commit.
    func finish(maxTombstones: Int) throws {
        for count in ownerCounts.values where count.before != count.now {
            if count.now == 0 {
                try execute(TaskStatements.deleteOwnerCount, [count.owner])
            } else {
                try execute(TaskStatements.setOwnerCount, [count.owner, count.now])
            }
        }
        guard tasksAdded != 0 || tombstonesAdded != 0 else { return }
        var counts = try Self.storeCounts(db)
        counts.tasks += tasksAdded
        counts.tombstones += tombstonesAdded
        if counts.tombstones > maxTombstones {
            try execute(TaskStatements.forget, [min(counts.tombstones - maxTombstones, Self.maxForgotten)])
            counts.tombstones -= db.changesCount
        }
        try execute(TaskStatements.setStoreCounts, [counts.tasks, counts.tombstones])
    }

    /// How many records there are.
    static func storeCounts(_ db: Database) throws -> TaskStorageCounts {
        let row = try Row.fetchOne(db.cachedStatement(sql: TaskStatements.storeCounts))
        guard let row else { throw StoredDataError(missing: "count of all tasks") }
        return TaskStorageCounts(tasks: row[0], tombstones: row[1])
    }

    /// The task under a key as this transaction sees it.
    private func current(_ key: TaskKey, _ name: StoredKey) throws -> StoredTask? {
        if let change = changes[name] { return change }
        if let task = cache.task(name) { return task }
        // Most of what nobody has changed lately is new, and this is quicker.
        let statement = try db.cachedStatement(sql: TaskStatements.number)
        guard try Int64.fetchOne(statement, arguments: [key.owner, key.id]) != nil else { return nil }
        return try read(key)
    }

    private func read(_ key: TaskKey) throws -> StoredTask? {
        let statement = try db.cachedStatement(sql: TaskStatements.readForChange)
        let rows = try Row.fetchCursor(statement, arguments: [key.owner, key.id])
        guard let row = try rows.next() else { return nil }
        var record = try codec.record(row)
        record.mutations = try codec.decodeRequired(MutationLog.self, row, 5, "log of mutations")
        return StoredTask(
            number: row[6],
            stored: StoredRecord(large: LargeParts(rawValue: row[1]), record: record),
            byteCount: 0
        )
    }

    private func insert(_ new: EncodedRecord, _ key: TaskKey) throws -> Int64 {
        let place = new.place
        try execute(
            TaskStatements.insert,
            [
                key.owner, key.id, place.status, place.createdAt, place.dueAt, new.large.rawValue, new.record,
                new.mutations,
            ]
        )
        let number = db.lastInsertedRowID
        try storeParts(of: new, number: number)
        return number
    }

    private func update(_ old: StoredTask, _ new: EncodedRecord) throws {
        let place = new.place
        if place == EncodedRecord.Place(of: old.stored.record) {
            try execute(
                TaskStatements.update,
                [new.large.rawValue, new.record, new.mutations, old.number]
            )
        } else {
            try execute(
                TaskStatements.move,
                [
                    place.status, place.createdAt, place.dueAt, new.large.rawValue, new.record, new.mutations,
                    old.number,
                ]
            )
        }
        try storeParts(of: new, number: old.number)
        for part in LargeParts.all where old.stored.large.subtracting(new.large).contains(part) {
            try execute(TaskStatements.deletePart(from: part.table), [old.number])
        }
    }

    private func storeParts(of new: EncodedRecord, number: Int64) throws {
        for (part, bytes) in new.newParts {
            try execute(TaskStatements.storePart(in: part.table), [number, bytes])
        }
    }

    private func count(_ owner: String, from before: TaskRecord?, to after: TaskRecord?) {
        func difference(_ counts: (TaskRecord) -> Bool) -> Int {
            (after.map(counts) == true ? 1 : 0) - (before.map(counts) == true ? 1 : 0)
        }
        let tasks = difference(\.isLive)
        ownerCounts[Array(owner.utf8)]?.now += tasks
        tasksAdded += tasks
        tombstonesAdded += difference { !$0.isLive }
    }

    private func ownerCount(_ owner: String) throws -> OwnerCount {
        if let count = ownerCounts[Array(owner.utf8)] { return count }
        let statement = try db.cachedStatement(sql: TaskStatements.ownerCount)
        let stored = try Int.fetchOne(statement, arguments: [owner]) ?? 0
        let count = OwnerCount(owner: owner, before: stored, now: stored)
        ownerCounts[Array(owner.utf8)] = count
        return count
    }

    private func execute(_ sql: String, _ arguments: StatementArguments) throws {
        try db.cachedStatement(sql: sql).execute(arguments: arguments)
    }
}

extension EncodedRecord {
    /// The task that this is now, in the row of that number.
    fileprivate func task(number: Int64) -> StoredTask {
        let byteCount = large.byteCount(in: stored.record) + record.count + mutations.count
        return StoredTask(number: number, stored: stored, byteCount: byteCount)
    }
}

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

    /// What a mutation writes beside the bytes of its task, in bytes: pages of the tables and indexes.
    private static let pagesPerMutation: Int64 = 32 << 10

    /// Bounds what one transaction forgets when there are suddenly many too many.
    private static let maxForgotten = 1024

    private let statements: WriterStatements
    private let codec: RecordCodec
    private let cache: RecordCache
    /// How many bytes may be added, beside what makes room; nil: any number.
    private let growthLimit: Int64?
    private var growth: Int64 = 0
    private var ownerCounts: [StoredKey: OwnerCount] = [:]
    private var tasksAdded = 0
    private var tombstonesAdded = 0

    /// The tasks that were changed, as they are now: nil where nothing is left.
    private(set) var changes: [StoredKey: StoredTask?] = [:]
    /// How many bytes of records and payloads were written.
    private(set) var byteCount = 0
    /// Whether anything was, but for what is stored even where there is no room.
    var hasUsedRoom: Bool { growthLimit == nil ? !changes.isEmpty : growth > 0 }

    init(_ statements: WriterStatements, codec: RecordCodec, cache: RecordCache, growthLimit: Int64?) {
        self.statements = statements
        self.codec = codec
        self.cache = cache
        self.growthLimit = growthLimit
    }

    /// Runs `body` on a record and stores what it leaves.
    ///
    /// A failure that is returned is that of `body`, or ``StoreFullError``, and nothing was written.
    /// - Throws: What the database throws, which says nothing about `body`.
    func mutate<Output>(
        _ key: TaskKey,
        _ body: (inout TaskRecord?, _ ownerTaskCount: Int) throws -> Output
    ) throws -> Result<Output, any Error> {
        let name = StoredKey(key)
        if let old = known(name) { return try change(old, key, name, body) }
        // Most of what nobody has changed lately is new, and the table itself says whether it is.
        if growthLimit == nil, let output = try create(key, name, body) { return .success(output) }
        return try change(try read(key), key, name, body)
    }

    /// Runs `body` on nothing and stores what it leaves, or returns nil where it leaves nothing or there is a task already.
    private func create<Output>(
        _ key: TaskKey,
        _ name: StoredKey,
        _ body: (inout TaskRecord?, _ ownerTaskCount: Int) throws -> Output
    ) throws -> Output? {
        let owner = StoredKey(owner: key.owner)
        let ownerTaskCount = try ownerCount(key.owner, owner)
        let output: Output
        let encoded: EncodedRecord
        do {
            var record: TaskRecord?
            output = try body(&record, ownerTaskCount)
            guard var created = record.take() else { return nil }
            encoded = try EncodedRecord(&created, replacing: nil, codec: codec)
        } catch {
            return nil
        }
        guard let task = try insert(encoded, key) else { return nil }
        remember(task, name, owner, insteadOf: nil)
        return output
    }

    /// Runs `body` on what is under a key, and stores what it leaves.
    private func change<Output>(
        _ old: StoredTask?,
        _ key: TaskKey,
        _ name: StoredKey,
        _ body: (inout TaskRecord?, _ ownerTaskCount: Int) throws -> Output
    ) throws -> Result<Output, any Error> {
        let owner = StoredKey(owner: key.owner)
        let ownerTaskCount = try ownerCount(key.owner, owner)
        var record = old?.stored.record
        let output: Output
        var encoded: EncodedRecord?
        do {
            output = try body(&record, ownerTaskCount)
            guard record != old?.stored.record else { return .success(output) }
            let isGrowth =
                growthLimit != nil && !record.isStoredWhenFull(replacing: old?.stored.record)
            if var changed = record.take() {
                encoded = try EncodedRecord(&changed, replacing: old?.stored, codec: codec)
            }
            if isGrowth { try grow(by: encoded) }
        } catch {
            return .failure(error)
        }
        let new: StoredTask?
        switch (old, encoded) {
        case (nil, let encoded?):
            new = try insert(encoded, key)
            // An index has what the table does not.
            if new == nil { throw DatabaseError(resultCode: .SQLITE_CORRUPT) }
        case (let old?, let encoded?): new = try update(old, encoded)
        case (let old?, nil):
            try statements.delete.run(old.number)
            new = nil
        case (nil, nil): new = nil
        }
        remember(new, name, owner, insteadOf: old)
        return .success(output)
    }

    /// Counts what a mutation adds to the store.
    /// - Throws: ``StoreFullError``
    private func grow(by encoded: EncodedRecord?) throws(StoreFullError) {
        let sum = growth + Int64(encoded?.byteCount ?? 0) + Self.pagesPerMutation
        if let growthLimit, sum > growthLimit { throw StoreFullError() }
        growth = sum
    }

    /// Takes down what a mutation has left under a key.
    private func remember(
        _ new: StoredTask?,
        _ name: StoredKey,
        _ owner: StoredKey,
        insteadOf old: StoredTask?
    ) {
        changes[name] = .some(new)
        count(owner, from: old?.stored.record, to: new?.stored.record)
    }

    /// Writes what the changes of a transaction share. The last step before the commit.
    func finish(maxTombstones: Int) throws {
        for count in ownerCounts.values where count.before != count.now {
            if count.now == 0 {
                try statements.deleteOwnerCount.run(count.owner)
            } else {
                try statements.setOwnerCount.run(count.owner, count.now)
            }
        }
        guard tasksAdded != 0 || tombstonesAdded != 0 else { return }
        var counts = try Self.storeCounts(statements.database)
        counts.tasks += tasksAdded
        counts.tombstones += tombstonesAdded
        if counts.tombstones > maxTombstones {
            try statements.forget.run(min(counts.tombstones - maxTombstones, Self.maxForgotten))
            counts.tombstones -= statements.database.changesCount
        }
        try statements.setStoreCounts.run(counts.tasks, counts.tombstones)
    }

    /// How many records there are.
    static func storeCounts(_ db: Database) throws -> TaskStorageCounts {
        let row = try Row.fetchOne(db.cachedStatement(sql: TaskStatements.storeCounts))
        guard let row else { throw StoredDataError(missing: "count of all tasks") }
        return TaskStorageCounts(tasks: row[0], tombstones: row[1])
    }

    /// What is under a key as this transaction sees it, where that is known without a look at the table: the task, or that
    /// there is none.
    private func known(_ name: StoredKey) -> StoredTask?? {
        if let change = changes[name] { return .some(change) }
        return cache.task(name).map { .some($0) }
    }

    private func read(_ key: TaskKey) throws -> StoredTask? {
        let statement = try statements.database.cachedStatement(sql: TaskStatements.readForChange)
        let rows = try Row.fetchCursor(statement, arguments: [key.owner, key.id])
        guard let row = try rows.next() else { return nil }
        var record = try codec.record(row)
        let open = try codec.decodeRequired(MutationLog.self, row, 5, "log of mutations")
        let number: Int64 = row[6]
        let sealed = try sealedEntries(number)
        let log = try StoredLog(
            sealedCount: row[7],
            places: sealed.keys,
            of: number,
            openCount: open.entries.count
        )
        let entries = log.places(of: number).flatMap { sealed[$0] ?? [] }
        record.mutations = MutationLog(entries: entries + open.entries)
        return StoredTask(
            number: number,
            stored: StoredRecord(large: LargeParts(rawValue: row[1]), record: record),
            log: log,
            byteCount: 0
        )
    }

    /// The batches of a log of mutations, by their place.
    private func sealedEntries(_ number: Int64) throws -> [Int64: [MutationLog.Entry]] {
        let statement = try statements.database.cachedStatement(sql: TaskStatements.sealedMutations)
        let places = StoredLog.places(of: number)
        let rows = try Row.fetchCursor(statement, arguments: [places.lowerBound, places.upperBound])
        var batches: [Int64: [MutationLog.Entry]] = [:]
        while let row = try rows.next() {
            let batch = try codec.decodeRequired(MutationLog.self, row, 1, "batch of mutations")
            batches[row[0]] = batch.entries
        }
        return batches
    }

    /// Adds a task; nil where there is one under the key.
    private func insert(_ new: EncodedRecord, _ key: TaskKey) throws -> StoredTask? {
        let place = new.place
        let mutations = new.stored.record.mutations.encodedEntries()
        let isNew = try statements.insert.add(
            key.owner,
            key.id,
            place.status,
            place.createdAt,
            place.dueAt,
            new.large.rawValue,
            new.record,
            mutations
        )
        guard isNew else { return nil }
        let number = statements.database.lastInsertedRowID
        try storeParts(of: new, number: number)
        var log = StoredLog()
        log.add(new.newMutationCount)
        return note(new, number: number, log, writing: mutations)
    }

    private func update(_ old: StoredTask, _ new: EncodedRecord) throws -> StoredTask {
        let (place, number, entries) = (new.place, old.number, new.stored.record.mutations)
        var log = old.log
        if entries.continues(old.stored.record.mutations, with: new.newMutationCount) {
            log.add(new.newMutationCount)
        } else {
            // It is another task by the same name, and what the one before it remembered is forgotten.
            let places = StoredLog.places(of: number)
            try statements.unsealMutations.run(places.lowerBound, places.upperBound)
            log = StoredLog()
            log.add(entries.count)
        }
        if let batch = log.seal(number) {
            try statements.sealMutations.run(batch.place, entries.encodedEntries(last: batch.entryCount))
        }
        for places in log.shrink(toEntries: entries.count, number) {
            try statements.unsealMutations.run(places.lowerBound, places.upperBound)
        }
        let mutations = entries.encodedEntries(last: log.openCount)
        if place == EncodedRecord.Place(of: old.stored.record) {
            try statements.update.run(new.large.rawValue, new.record, mutations, log.sealedCount, number)
        } else {
            try statements.move.run(
                place.status,
                place.createdAt,
                place.dueAt,
                new.large.rawValue,
                new.record,
                mutations,
                log.sealedCount,
                number
            )
        }
        try storeParts(of: new, number: number)
        for part in LargeParts.all where old.stored.large.subtracting(new.large).contains(part) {
            try statements.deletePart[part]?.run(number)
        }
        return note(new, number: number, log, writing: mutations)
    }

    private func storeParts(of new: EncodedRecord, number: Int64) throws {
        for (part, bytes) in new.newParts {
            try statements.storePart[part]?.run(number, bytes)
            byteCount += bytes.count
        }
    }

    /// Counts what was written of a task, and returns what is stored of it now.
    private func note(_ new: EncodedRecord, number: Int64, _ log: StoredLog, writing mutations: [UInt8])
        -> StoredTask
    {
        let record = new.stored.record
        byteCount += new.record.count + mutations.count
        return StoredTask(
            number: number,
            stored: new.stored,
            log: log,
            byteCount: new.large.byteCount(in: record) + new.record.count
                + record.mutations.byteCount
        )
    }

    private func count(_ owner: StoredKey, from before: TaskRecord?, to after: TaskRecord?) {
        func difference(_ counts: (TaskRecord) -> Bool) -> Int {
            (after.map(counts) == true ? 1 : 0) - (before.map(counts) == true ? 1 : 0)
        }
        let tasks = difference(\.isLive)
        if tasks != 0 { ownerCounts[owner]?.now += tasks }
        tasksAdded += tasks
        tombstonesAdded += difference { !$0.isLive }
    }

    private func ownerCount(_ owner: String, _ name: StoredKey) throws -> Int {
        if let count = ownerCounts[name] { return count.now }
        let stored = Int(try statements.ownerCount.integer(owner) ?? 0)
        ownerCounts[name] = OwnerCount(owner: owner, before: stored, now: stored)
        return stored
    }
}

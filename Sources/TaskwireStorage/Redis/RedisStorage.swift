internal import Dispatch
internal import FoundationEssentials
public import Logging
internal import Synchronization
public import Taskwire
internal import TaskwireProtobuf

/// Records in a Redis that any number of servers and workers share.
///
/// A mutation reads the record, and writes it back in one script that does so only if nobody else changed it meanwhile;
/// else it begins anew with what is there then. When it returns, Redis has it; how much of that survives is Redis's to say
/// (`appendfsync`).
///
/// What fails is told to callers as UNAVAILABLE with the reason STORE_UNREACHABLE, STORE_FAILED, STORE_READ_ONLY or
/// STORE_CORRUPT, or as RESOURCE_EXHAUSTED / STORE_FULL, and to the log with advice; everything goes on once the fault is gone.
/// A full Redis still lets tasks be deleted.
public final class RedisStorage: TaskStorage {
    /// A task as it was when it was read, to be changed.
    private struct Loaded {
        /// Empty where there is no record.
        var version = Data()
        var stored: StoredRecord?
        var ownerTaskCount = 0
        /// Whether sweepers were told of the owner.
        var isOwnerKnown = false
    }

    private enum StoreOutcome {
        case stored
        /// Somebody else changed the task first.
        case overtaken(Loaded)
    }

    /// Redis forgets a task by itself so long after a sweeper should have, in milliseconds.
    private static let sweepingGrace: Int64 = 3_600_000
    /// How long a change is tried that others overtake.
    private static let contentionTime = Duration.seconds(10)

    package let calls: RedisCalls
    private let owners: RedisOwners
    private let watches: RedisWatches
    private let health: StoreHealth
    private let codec = RecordCodec()
    /// See ``TaskStorage/limits``.
    public let limits: TaskLimits
    private let replicaCount: Int
    private let clock: any TaskClock
    /// Nil where all processes go by one clock of a test.
    private let time: RedisTime?

    /// Connects to a Redis of version 7.0 or later that is no replica, or to a Redis Cluster by way of any of its nodes.
    /// - Parameters:
    ///   - address: Where it is.
    ///   - limits: Those of the tasks; the storage keeps tombstones for as long, and per owner as many, as they say.
    ///   - replicaCount: How many replicas have to confirm each change within a second; 0 or more. Where fewer do, the
    ///     change stays, and the call fails as one whose outcome is unknown: UNAVAILABLE / STORE_FAILED.
    ///   - clock: A clock of a test, by which all go who use the database. `nil`, the default: the system's, and all go by
    ///     that of Redis.
    ///   - logger: Told about faults of Redis, and warned where it evicts or has too few replicas.
    /// - Throws: UNAVAILABLE / STORE_UNREACHABLE where it does not answer, FAILED_PRECONDITION / STORE_INCOMPATIBLE where it is
    ///   another kind of Redis.
    public init(
        _ address: RedisAddress,
        limits: TaskLimits = TaskLimits(),
        replicaCount: Int = 0,
        clock: (any TaskClock)? = nil,
        logger: Logger = Logger(label: "taskwire.store")
    ) async throws {
        self.limits = limits
        self.clock = clock ?? SystemTaskClock()
        self.replicaCount = replicaCount
        health = StoreHealth(store: address.description, logger: logger)
        let survey: RedisSurvey
        do {
            survey = try await runBlocking { try RedisSurvey(address) }
        } catch let failure as RedisFailure {
            throw health.note(StoreFault(failure), isWrite: false)
        }
        if let sentence = survey.objection {
            throw TaskwireError(.failedPrecondition, .storeIncompatible, "\(address): \(sentence)")
        }
        for warning in survey.warnings(replicaCount: replicaCount) {
            logger.warning(
                "\(warning.sentence)",
                metadata: ["store": "\(address)"].merging(warning.metadata) { $1 }
            )
        }
        calls = RedisCalls(
            address,
            slots: survey.slots,
            isCluster: survey.isCluster,
            replicaCount: replicaCount,
            clock: self.clock
        )
        owners = RedisOwners(calls: calls)
        watches = RedisWatches(address: address, calls: calls)
        time = clock == nil ? RedisTime(of: calls, clock: self.clock, logger: logger) : nil
        do {
            try await time?.ask()
        } catch {
            watches.close()
            try? await runBlocking { [calls] in try calls.close() }
            throw health.note(StoreFault(error), isWrite: false)
        }
    }

    /// `redis`.
    public static let kind = "redis"

    /// Waits for what is under way, and closes the connections. Calls made later fail with UNAVAILABLE. Harmless when
    /// repeated.
    public func close() async throws {
        watches.close()
        try await runBlocking { [calls] in try calls.close() }
    }

    // MARK: TaskStorage

    /// See ``TaskStorage/time(at:)``: that of Redis.
    public func time(at instant: TaskInstant) -> TaskInstant {
        time?.time(at: instant) ?? instant
    }

    private var now: Timestamp { time(at: clock.instant).steady }

    /// See ``TaskStorage/returnedAt``.
    public var returnedAt: Timestamp? { calls.returnedAt }

    /// See ``TaskStorage/read(_:)``.
    public func read(_ key: TaskKey) async throws -> TaskRecord? {
        let name = RedisKeys(owner: key.owner).task(key.id)
        let reply = try await run(RedisCommand("HMGET", name, "v", "l", "r", "1", "2", "4"))
        guard var fields = reply.elements, fields.count == 6 else { throw damaged("HMGET", reply) }
        fields.insert(.null, at: 3)
        return try stored(in: fields)?.record
    }

    /// See ``TaskStorage/mutate(_:_:)``.
    public func mutate<Output: Sendable>(
        _ key: TaskKey,
        _ body: @escaping @Sendable (inout TaskRecord?, _ ownerTaskCount: Int) throws -> Output
    ) async throws -> Output {
        let names = RedisKeys(owner: key.owner)
        let end = ContinuousClock.now + Self.contentionTime
        let first = try await run(RedisCommand(.load, keys: names.loading(task: key.id), []))
        var loaded = try self.loaded(first)
        while true {
            var record = loaded.stored?.record
            let output = try body(&record, loaded.ownerTaskCount)
            guard record != loaded.stored?.record else {
                // A repeat of a change that replicas have not confirmed may not be told that they have.
                if replicaCount > 0 { try await confirm(names.task(key.id)) }
                return output
            }
            switch try await store(record, key, names, replacing: loaded) {
            case .stored: return output
            case .overtaken(let current): loaded = current
            }
            guard .now < end else {
                throw TaskwireError.storeUnavailable(
                    .storeFailed,
                    "Too many others change the task; nothing was changed"
                )
            }
        }
    }

    /// See ``TaskStorage/page(_:)``.
    public func page(_ query: TaskStorageQuery) async throws -> [TaskRecord] {
        guard !query.statuses.isEmpty else { return [] }
        let names = RedisKeys(owner: query.owner)
        let arguments: [RedisArgument] = [
            .text(names.taskPrefix), .number(query.limit), .text(query.after.map(RedisKeys.place) ?? ""),
        ]
        let statuses = query.statuses.map { RedisArgument.text($0.letter) }
        let reply = try await run(
            RedisCommand(.page, keys: [names.order, names.absent], arguments + statuses)
        )
        guard let blobs = reply.elements else { throw damaged("page", reply) }
        return try blobs.map { reply in
            guard let blob = reply.data else { throw damaged("page", reply) }
            return try decode { codec throws(StoredDataError) in try codec.decode(TaskRecord.self, blob) }
        }
    }

    /// See ``TaskStorage/due(atOrBefore:limit:)``.
    public func due(atOrBefore moment: Timestamp, limit: Int) async throws -> [TaskKey] {
        var keys: [TaskKey] = []
        // Owners with due tasks stay where they are, and the next step begins behind them.
        var seen: [String: Int] = [:]
        // Nodes that did not answer are not waited for again.
        var away: Set<RedisEndpoint?> = []
        while keys.count < limit {
            let looks = try await noting { () throws(RedisFailure) -> [RedisOwners.Look] in
                try await owners.looks(atOrBefore: moment, skipping: seen, limit: Self.ownersPerStep)
            }
            guard !looks.isEmpty else { break }
            let found = try await due(looks.map(\.owner), moment, limit: limit - keys.count, &away)
            var nextLooks: [RedisCommand] = []
            for (look, found) in zip(looks, found) {
                // What does not answer now is looked at in a later round.
                if let found, found.places.isEmpty {
                    nextLooks.append(owners.next(look, found.finding, moment))
                } else {
                    seen[look.part, default: 0] += 1
                    keys += (found?.places ?? []).map {
                        TaskKey(owner: look.owner, id: RedisKeys.id(inPlace: $0))
                    }
                }
            }
            _ = await calls.runWhereAvailable(nextLooks)
            if looks.count < Self.ownersPerStep { break }
        }
        return Array(keys.prefix(limit))
    }

    private static let ownersPerStep = 64

    /// What is due at owners, `nil` where the node does not answer or is away.
    private func due(
        _ owners: [String],
        _ moment: Timestamp,
        limit: Int,
        _ away: inout Set<RedisEndpoint?>
    ) async throws -> [(places: [String], finding: RedisOwners.Finding)?] {
        let statuses = TaskStatus.allCases.map { RedisArgument.text($0.letter) }
        let endpoints = owners.map { calls.endpoint(of: RedisKeys(owner: $0).owner) }
        let asked = owners.indices.filter { !away.contains(endpoints[$0]) }
        let commands = asked.map { index in
            let names = RedisKeys(owner: owners[index])
            return RedisCommand(
                .due,
                keys: [names.order, names.due, names.graves, names.owner, names.absent],
                [.text(names.taskPrefix), .number(moment.millisecondsSince1970), .number(limit)] + statuses
            )
        }
        var replies = [RedisReply?](repeating: nil, count: owners.count)
        for (index, result) in zip(asked, await calls.runWhereAvailable(commands)) {
            replies[index] = try? result.get()
            if replies[index] == nil { away.insert(endpoints[index]) }
        }
        return try replies.map { reply in
            guard let reply else { return nil }
            guard let parts = reply.elements, parts.count == 3, let places = parts[0].elements else {
                throw damaged("due", reply)
            }
            let finding: RedisOwners.Finding =
                if let next = parts[1].number { .due(next) } else {
                    parts[2] == .integer(0) ? .nothing : .quiet
                }
            return (places.compactMap(\.text), finding)
        }
    }

    /// See ``TaskStorage/counts()``. Adds up what each owner has, and so costs as many commands as there are owners.
    public func counts() async throws -> TaskStorageCounts {
        let names = try await noting { () throws(RedisFailure) -> [RedisKeys] in
            try await owners.all().map { RedisKeys(owner: $0) }
        }
        var counts = TaskStorageCounts(tasks: 0, tombstones: 0)
        for start in stride(from: 0, to: names.count, by: Self.ownersPerStep) {
            let commands = names[start..<min(start + Self.ownersPerStep, names.count)].flatMap { names in
                [RedisCommand("ZCARD", names.order), RedisCommand("ZCARD", names.graves)]
            }
            let replies = try await noting { () throws(RedisFailure) -> [RedisReply] in
                try await calls.run(commands)
            }
            for (index, reply) in replies.enumerated() {
                let count = Int(reply.number ?? 0)
                if index.isMultiple(of: 2) { counts.tasks += count } else { counts.tombstones += count }
            }
        }
        return counts
    }

    /// See ``TaskStorage/checkHealth()``. Asks each master; those that do not answer within a second are away. As long as one
    /// answers its owners are served.
    public func checkHealth() async -> [HealthCheck] {
        let keys = calls.keyOfEachMaster()
        let replies = await calls.runWhereAvailable(keys.map { RedisCommand("EXISTS", $0) })
        let awayCount = replies.count { if case .success = $0 { false } else { true } }
        let message =
            switch awayCount {
            case replies.count: "The store does not answer"
            case 0: ""
            default: "\(awayCount) of the \(replies.count) masters of the store do not answer"
            }
        let store = HealthCheck(name: HealthCheck.store, isOK: awayCount < replies.count, message: message)
        return [store] + (time.map { [$0.healthCheck] } ?? [])
    }

    /// See ``TaskStorage/watch(_:onChange:)``.
    public func watch(_ key: TaskKey, onChange: @escaping @Sendable () -> Void) -> (any TaskWatch)? {
        watches.watch(RedisKeys(owner: key.owner).task(key.id), onChange: onChange)
    }

    // MARK: One task

    private func store(
        _ record: TaskRecord?,
        _ key: TaskKey,
        _ names: RedisKeys,
        replacing old: Loaded
    ) async throws -> StoreOutcome {
        let before = old.stored?.record
        let place = record.map { RedisKeys.place(TaskPosition(createdAt: $0.state.createdAt, id: key.id)) }
        let oldPlace = before.map { RedisKeys.place(TaskPosition(createdAt: $0.state.createdAt, id: key.id)) }
        let lifetime = record.map(lifetime(of:)) ?? 0
        let wasLasting = before.map { self.lifetime(of: $0) == nil } ?? false
        var changed: [RedisArgument] = []
        var removed: [RedisArgument] = []
        if var record {
            let encoded = try EncodedRecord(&record, replacing: old.stored, codec: codec)
            changed = [
                "l", .number(encoded.large.rawValue), "r", .blob(Data(encoded.record)), "m",
                .blob(Data(encoded.stored.record.mutations.encodedEntries())),
            ]
            for (part, blob) in encoded.newParts { changed += [.number(part.rawValue), .blob(Data(blob))] }
            for part in LargeParts.all
            where old.stored?.large.contains(part) == true && !encoded.large.contains(part) {
                removed.append(.number(part.rawValue))
            }
        }
        let arguments: [RedisArgument] =
            [
                .blob(old.version),
                record == nil ? "" : .blob(Self.newVersion()),
                .text(before.flatMap { $0.isLive ? $0.state.status.letter + (oldPlace ?? "") : nil } ?? ""),
                .text(record.flatMap { $0.isLive ? $0.state.status.letter + (place ?? "") : nil } ?? ""),
                .text(oldPlace ?? ""),
                .text(place ?? ""),
                .text(record?.dueAt.map { String($0.millisecondsSince1970) } ?? ""),
                record?.isLive == false ? "1" : "",
                .text(lifetime.map { String($0) } ?? ""),
                .number((lifetime == nil ? 1 : 0) - (wasLasting ? 1 : 0)),
                .number(max(0, limits.maxTombstones)),
                .text(names.taskPrefix),
                .number(removed.count),
            ] + removed + changed
        if !old.isOwnerKnown {
            let look = record?.dueAt?.millisecondsSince1970 ?? RedisOwners.latestLook(after: now)
            // Without this nothing was changed yet.
            _ = try await noting { () throws(RedisFailure) -> RedisReply in
                try await calls.run(owners.announcement(of: key.owner, at: look))
            }
        }
        let script = record.isStoredWhenFull(replacing: before) ? RedisScript.storeWhenFull : .store
        var command = RedisCommand(script, keys: names.storing(task: key.id), arguments)
        command.isWrite = true
        let reply = try await run(command)
        if reply.elements != nil { return .overtaken(try loaded(reply)) }
        health.noteWrite()
        if reply != .integer(0), let look = reply.number {
            // The owner is looked at each minute in any case, so that nobody needs to wait for this.
            calls.submit(owners.announcement(of: key.owner, at: look)) { [health] result in
                if case .failure(let failure) = result {
                    _ = health.note(StoreFault(failure), isWrite: false)
                }
            }
        }
        return .stored
    }

    /// Waits until replicas have what was changed of a task until now.
    private func confirm(_ task: String) async throws {
        var command = RedisCommand("HGET", task, "v")
        command.isWrite = true
        _ = try await run(command)
    }

    /// After how many milliseconds Redis may forget a record by itself; `nil`: never.
    private func lifetime(of record: TaskRecord) -> Int64? {
        guard let end = record.latestForgetting(tombstoneMilliseconds: limits.tombstoneMilliseconds) else {
            return nil
        }
        let rest = max(0, end.milliseconds(since: now))
        return rest + Self.sweepingGrace
    }

    private static func newVersion() -> Data {
        var generator = SystemRandomNumberGenerator()
        return unsafe withUnsafeBytes(of: generator.next() as UInt64) { unsafe Data($0) }
    }

    private func loaded(_ reply: RedisReply) throws -> Loaded {
        guard
            let parts = reply.elements, parts.count == 3,
            let fields = parts[0].elements, fields.count == 7,
            let count = parts[1].number
        else { throw damaged("load", reply) }
        return Loaded(
            version: fields[0].data ?? Data(),
            stored: try stored(in: fields),
            ownerTaskCount: Int(count),
            isOwnerKnown: parts[2] == .integer(1)
        )
    }

    /// What the fields v, l, r, m, 1, 2 and 4 of a task are.
    private func stored(in fields: [RedisReply]) throws -> StoredRecord? {
        guard fields[0] != .null else { return nil }
        return try decode { codec throws(StoredDataError) in
            guard let blob = fields[2].data else { throw StoredDataError(missing: "record") }
            var record = try codec.decode(TaskRecord.self, blob)
            let large = LargeParts(rawValue: fields[1].number ?? 0)
            for (part, field) in zip(LargeParts.all, fields[4...]) where large.contains(part) {
                try part.restore(&record, from: field.data, codec)
            }
            if let log = fields[3].data { record.mutations = try codec.decode(MutationLog.self, log) }
            return StoredRecord(large: large, record: record)
        }
    }

    private func decode<Value>(_ body: (RecordCodec) throws(StoredDataError) -> Value) throws(TaskwireError)
        -> Value
    {
        do throws(StoredDataError) {
            return try body(codec)
        } catch {
            throw health.note(StoreFault(RedisFailure.unexpected(error.description)), isWrite: false)
        }
    }

    private func damaged(_ command: String, _ reply: RedisReply) -> TaskwireError {
        let text = "the reply to \(command) was of another kind"
        return health.note(StoreFault(RedisFailure.unexpected(text)), isWrite: false)
    }

    private func run(_ command: RedisCommand) async throws(TaskwireError) -> RedisReply {
        try await noting(isWrite: command.isWrite) { () throws(RedisFailure) -> RedisReply in
            try await calls.run(command)
        }
    }

    /// Tells the log of a failure, and callers what they may know of it.
    private func noting<Output>(
        isWrite: Bool = false,
        _ body: () async throws(RedisFailure) -> Output
    ) async throws(TaskwireError) -> Output {
        do throws(RedisFailure) {
            return try await body()
        } catch {
            var refusal = health.note(StoreFault(error), isWrite: isWrite)
            if isWrite {
                switch error {
                case .broken, .unconfirmed: refusal.isOutcomeUnknown = true
                case .unreachable, .closed, .refused, .unexpected: break
                }
            }
            throw refusal
        }
    }
}

extension TaskStatus {
    /// What stands before a place in the order.
    fileprivate var letter: String { String(wireNumber) }
}

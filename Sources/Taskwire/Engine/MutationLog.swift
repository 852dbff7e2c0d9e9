/// The last mutations of one task, with what each returned: the last 32, and those that are younger than
/// ``TaskLimits/deduplicationMilliseconds``.
///
/// The log is part of the record, so that an effect and the memory of it are stored in one write. Refusals are
/// not in it: they changed nothing, and a retry of one may be judged anew.
package struct MutationLog: Sendable, Hashable {
    /// How many mutations a task remembers, however old they are.
    package static let capacity = 32

    /// One mutation, known by its request id.
    package struct Entry: Sendable, Hashable {
        package var requestID: RequestID
        /// Digest of the request, which tells a retry from another request under the same id.
        package var fingerprint: UInt64
        package var outcome: RecordedOutcome
        package var madeAt: MutationTime

        package init(
            requestID: RequestID,
            fingerprint: UInt64,
            outcome: RecordedOutcome,
            madeAt: MutationTime
        ) {
            self.requestID = requestID
            self.fingerprint = fingerprint
            self.outcome = outcome
            self.madeAt = madeAt
        }

        package static func == (left: Entry, right: Entry) -> Bool {
            left.requestID == right.requestID && left.fingerprint == right.fingerprint
        }

        package func hash(into hasher: inout Hasher) {
            hasher.combine(requestID)
        }
    }

    /// Tells for most ids that are not among some ids that they are not: a Bloom filter with one bit for an id in each of two
    /// words. Nearly every mutation is a first try, which would else look at all entries, each somewhere else in memory.
    private struct IDFilter {
        private var first: UInt64 = 0
        private var second: UInt32 = 0

        mutating func insert(_ id: RequestID) {
            let bits = Self.bits(of: id)
            first |= bits.first
            second |= bits.second
        }

        func mayContain(_ id: RequestID) -> Bool {
            let bits = Self.bits(of: id)
            return first & bits.first != 0 && second & bits.second != 0
        }

        private static func bits(of id: RequestID) -> (first: UInt64, second: UInt32) {
            let digest = id.high ^ id.low
            return (1 << (digest & 63), 1 << UInt32(truncatingIfNeeded: digest >> 6 & 31))
        }
    }

    /// An entry and those before it. The record before a mutation and the one after it share all but the newest.
    ///
    /// Each task has at least one, and there is no byte to spare: the order of what it has leaves no gaps.
    private final class Link: Sendable {
        let requestID: RequestID
        let fingerprint: UInt64
        let outcome: RecordedOutcome
        /// About how many bytes they all take.
        let byteCount: UInt32
        /// The ids of them all.
        let ids: IDFilter
        /// How many there are from here on.
        let count: UInt16
        let madeAt: MutationTime
        let previous: Link?

        init(_ entry: Entry, after previous: Link?) {
            requestID = entry.requestID
            fingerprint = entry.fingerprint
            outcome = entry.outcome
            madeAt = entry.madeAt
            self.previous = previous
            count = (previous?.count ?? 0) + 1
            byteCount = (previous?.byteCount ?? 0) &+ UInt32(clamping: entry.outcome.byteCount)
            var ids = previous?.ids ?? IDFilter()
            ids.insert(entry.requestID)
            self.ids = ids
        }

        var entry: Entry {
            Entry(requestID: requestID, fingerprint: fingerprint, outcome: outcome, madeAt: madeAt)
        }

        var isEncoded: Bool {
            if case .encoded = outcome { true } else { false }
        }
    }

    private var newest: Link?

    /// A log with these entries, the oldest first, or with the last 4096 of them: no log has so many that is not damaged.
    package init(entries: [Entry] = []) {
        for entry in entries.suffix(4096) { append(entry) }
    }

    /// How many mutations are in it, which may be some more than count.
    package var count: Int { newest.map { Int($0.count) } ?? 0 }

    /// About how many bytes they take.
    package var byteCount: Int { newest.map { Int($0.byteCount) } ?? 0 }

    /// Oldest first.
    package var entries: [Entry] { last(count) }

    /// The newest ones, the oldest of them first.
    package func last(_ count: Int) -> [Entry] {
        var entries: [Entry] = []
        entries.reserveCapacity(min(count, self.count))
        var link = newest
        while let next = link, entries.count < count {
            entries.append(next.entry)
            link = next.previous
        }
        entries.reverse()
        return entries
    }

    package mutating func append(_ entry: consuming Entry) {
        newest = Link(entry, after: newest)
    }

    /// For how many seconds the next mutation has to wait at `now`, because there is no room beside the last ones for those that
    /// are too young to be forgotten; nil where there is.
    func pause(at now: MutationTime, _ memory: MutationMemory, maxByteCount: Int) -> Int? {
        guard let newest, newest.byteCount > maxByteCount else { return nil }
        var link: Link? = newest
        for _ in 0..<MutationLog.capacity { link = link?.previous }
        guard let byteCount = link?.byteCount else { return nil }
        // The oldest that has no room any more decides.
        while let next = link, byteCount - (next.previous?.byteCount ?? 0) <= maxByteCount {
            link = next.previous
        }
        guard let age = link?.madeAt.seconds(until: now), age <= memory.seconds else { return nil }
        return memory.seconds - age + 1
    }

    /// Forgets what does not count any more at `now`, where that is much enough to be worth it.
    private mutating func forget(at now: MutationTime, _ memory: MutationMemory) {
        guard let newest, newest.count >= MutationLog.capacity + Self.forgottenAtOnce,
            newest.count.isMultiple(of: UInt16(Self.forgottenAtOnce))
        else { return }
        var (kept, link) = (MutationLog.capacity, newest.previous)
        for _ in 1..<kept { link = link?.previous }
        while let next = link, next.madeAt.seconds(until: now) <= memory.seconds {
            kept += 1
            link = next.previous
        }
        guard Int(newest.count) - kept >= max(Self.forgottenAtOnce, Int(newest.count) / 4) else { return }
        self = MutationLog(entries: last(kept))
    }

    private static let forgottenAtOnce = 16

    /// Remembers a mutation that was made at `now`.
    mutating func remember(
        _ mutation: Mutation,
        outcome: MutationOutcome,
        at now: MutationTime,
        _ memory: MutationMemory
    ) {
        append(mutation, RecordedOutcome(outcome), now)
        forget(at: now, memory)
    }

    /// Puts back what ``removeNewest(returning:)`` has removed.
    mutating func restore(_ mutation: (Mutation, MutationTime), returning state: consuming TaskBasics) {
        append(mutation.0, .state(state), mutation.1)
    }

    private mutating func append(
        _ mutation: Mutation,
        _ outcome: consuming RecordedOutcome,
        _ time: MutationTime
    ) {
        append(
            Entry(
                requestID: mutation.requestID,
                fingerprint: mutation.fingerprint,
                outcome: outcome,
                madeAt: time
            )
        )
    }

    /// Forgets the newest mutation if it returned `state` and nothing else; `nil` where it did not.
    mutating func removeNewest(returning state: TaskBasics) -> (Mutation, MutationTime)? {
        guard let link = newest, case let entry = link.entry, case .state(let past) = entry.outcome,
            past == state
        else { return nil }
        newest = link.previous
        return (Mutation(requestID: entry.requestID, fingerprint: entry.fingerprint), entry.madeAt)
    }

    /// The outcome of the first try, or `nil` where the task does not remember the id at `now`.
    /// - Throws: INVALID_ARGUMENT / REQUEST_ID_REUSED where the id belongs to another request.
    func outcome(
        of mutation: Mutation,
        at now: MutationTime,
        _ memory: MutationMemory
    ) throws(TaskwireError) -> MutationOutcome? {
        guard let newest, newest.ids.mayContain(mutation.requestID) else { return nil }
        var (link, index): (Link?, Int) = (newest, 0)
        while let next = link, next.requestID != mutation.requestID {
            (link, index) = (next.previous, index + 1)
        }
        guard let link, index < MutationLog.capacity || link.madeAt.seconds(until: now) <= memory.seconds
        else {
            return nil
        }
        guard link.fingerprint == mutation.fingerprint else {
            throw TaskwireError(
                .invalidArgument,
                .requestIDReused,
                "request_id: \(mutation.requestID) was used for another request"
            )
        }
        return try link.outcome.decoded()
    }

    /// The ids of the mutations that the task remembers at `now`.
    func requestIDs(at now: MutationTime, _ memory: MutationMemory) -> Set<RequestID> {
        var requestIDs: Set<RequestID> = []
        var (link, index) = (newest, 0)
        while let next = link,
            index < MutationLog.capacity || next.madeAt.seconds(until: now) <= memory.seconds
        {
            requestIDs.insert(next.requestID)
            (link, index) = (next.previous, index + 1)
        }
        return requestIDs
    }

    /// Replaces the outcomes that are not encoded yet, which are the newest, by what `encode` makes of them. Returns how many
    /// those were.
    package mutating func encodeOutcomes(
        _ encode: (Entry) throws(TaskwireError) -> EncodedOutcome
    ) throws(TaskwireError) -> Int {
        var open = 0
        var link = newest
        while let next = link, !next.isEncoded {
            open += 1
            link = next.previous
        }
        let entries = last(open)
        newest = link
        for var entry in entries {
            entry.outcome = .encoded(try encode(entry))
            append(entry)
        }
        return open
    }

    /// Whether this is `earlier` after `count` more mutations.
    package func continues(_ earlier: MutationLog, with count: Int) -> Bool {
        var link = newest
        for _ in 0..<count { link = link?.previous }
        return Self.matches(link, earlier.newest, within: MutationLog.capacity - count)
    }

    package static func == (left: MutationLog, right: MutationLog) -> Bool {
        matches(left.newest, right.newest, within: capacity)
    }

    /// Whether the next `limit` entries are the same.
    private static func matches(_ left: Link?, _ right: Link?, within limit: Int) -> Bool {
        guard left !== right, limit > 0 else { return true }
        guard let left, let right, left.requestID == right.requestID, left.fingerprint == right.fingerprint
        else { return false }
        return matches(left.previous, right.previous, within: limit - 1)
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(newest?.requestID)
    }
}

/// An outcome in the log. What was read from a database stays encoded until somebody asks for it, which is seldom.
///
/// What few outcomes have is elsewhere, so that most take little.
package enum RecordedOutcome: Sendable {
    /// That of a mutation that returned nothing beside the task.
    case state(TaskBasics)
    indirect case decoded(MutationOutcome)
    case encoded(EncodedOutcome)

    /// What is remembered of `outcome`.
    package init(_ outcome: MutationOutcome) {
        self = outcome.product == .none ? .state(outcome.state) : .decoded(outcome)
    }

    /// How many bytes it takes encoded; about, where it is not.
    var byteCount: Int {
        switch self {
        case .state(let state): state.byteCount
        case .decoded(let outcome): outcome.state.byteCount + outcome.product.byteCount
        case .encoded(let outcome): outcome.byteCount
        }
    }

    /// What it takes encoded in a log, where it is.
    package var encoded: EncodedOutcome? {
        if case .encoded(let outcome) = self { outcome } else { nil }
    }

    /// The outcome, which is decoded if it has to be.
    /// - Throws: UNAVAILABLE / STORE_CORRUPT where the database has something else.
    package func decoded() throws(TaskwireError) -> MutationOutcome {
        switch self {
        case .state(let state): MutationOutcome(state: state)
        case .decoded(let outcome): outcome
        case .encoded(let outcome): try outcome.decoded()
        }
    }
}

/// An outcome as a database has it.
package struct EncodedOutcome: Sendable {
    /// A log, in an encoding that only the codec knows.
    private let log: [UInt8]
    /// Where the entry of the log is in it.
    private let range: Range<UInt32>
    private let decode: @Sendable (ArraySlice<UInt8>) throws(TaskwireError) -> MutationOutcome

    /// The outcome in the entry at `range` of an encoded log.
    /// - Parameter decode: Throws UNAVAILABLE / STORE_CORRUPT where the bytes of the entry have no outcome.
    package init(
        in log: [UInt8],
        at range: Range<Int>,
        decode: @escaping @Sendable (ArraySlice<UInt8>) throws(TaskwireError) -> MutationOutcome
    ) {
        self.log = log
        self.range = UInt32(range.lowerBound)..<UInt32(range.upperBound)
        self.decode = decode
    }

    fileprivate var byteCount: Int { range.count }

    /// The encoded entry.
    package var bytes: ArraySlice<UInt8> { log[Int(range.lowerBound)..<Int(range.upperBound)] }

    func decoded() throws(TaskwireError) -> MutationOutcome {
        try decode(bytes)
    }
}

/// What one mutation came to.
package struct MutationOutcome: Sendable, Hashable {
    /// The task as the mutation left it. All tasks under one key have the same id and owner, which may be missing here;
    /// everything else may belong to another task by the time of a retry.
    package var state: TaskBasics
    /// What it returned beside the task.
    package var product: MutationProduct

    package init(state: TaskBasics, product: MutationProduct = .none) {
        self.state = state
        self.product = product
    }

    /// The basic view of the task under the key of `current` as it was after that mutation.
    package func state(underKeyOf current: TaskState) -> TaskState {
        var past = TaskState(state)
        past.compactID = current.compactID
        past.owner = current.owner
        return past
    }
}

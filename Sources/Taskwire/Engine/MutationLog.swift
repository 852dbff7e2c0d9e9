/// The last 32 mutations of one task, with what each returned.
///
/// The log is part of the record, so that an effect and the memory of it are stored in one write. Refusals are
/// not in it: they changed nothing, and a retry of one may be judged anew.
package struct MutationLog: Sendable, Hashable {
    /// How many mutations a task remembers.
    package static let capacity = 32

    /// One mutation, known by its request id.
    package struct Entry: Sendable, Hashable {
        package var requestID: RequestID
        /// Digest of the request, which tells a retry from another request under the same id.
        package var fingerprint: UInt64
        package var outcome: RecordedOutcome

        package init(requestID: RequestID, fingerprint: UInt64, outcome: RecordedOutcome) {
            self.requestID = requestID
            self.fingerprint = fingerprint
            self.outcome = outcome
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
        private var second: UInt64 = 0

        mutating func insert(_ id: RequestID) {
            let bits = Self.bits(of: id)
            first |= bits.first
            second |= bits.second
        }

        func mayContain(_ id: RequestID) -> Bool {
            let bits = Self.bits(of: id)
            return first & bits.first != 0 && second & bits.second != 0
        }

        private static func bits(of id: RequestID) -> (first: UInt64, second: UInt64) {
            let digest = id.high ^ id.low
            return (1 << (digest & 63), 1 << (digest >> 6 & 63))
        }
    }

    /// An entry and those before it. The record before a mutation and the one after it share all but the newest.
    private final class Link: Sendable {
        let entry: Entry
        /// How many there are from here on.
        let count: UInt8
        /// How many bytes those of them take that are encoded.
        let encodedByteCount: UInt32
        /// The ids of them all.
        let ids: IDFilter
        let previous: Link?

        init(_ entry: Entry, after previous: Link?) {
            self.entry = entry
            self.previous = previous
            count = (previous?.count ?? 0) + 1
            encodedByteCount =
                (previous?.encodedByteCount ?? 0) &+ UInt32(clamping: entry.outcome.encodedByteCount)
            var ids = previous?.ids ?? IDFilter()
            ids.insert(entry.requestID)
            self.ids = ids
        }

        /// The newest entry of the next `limit` that belongs to the id.
        func entry(of requestID: RequestID, within limit: Int) -> Entry? {
            if entry.requestID == requestID { return entry }
            return limit > 1 ? previous?.entry(of: requestID, within: limit - 1) : nil
        }

        /// Calls `body` for the next `limit` entries, the oldest first.
        func visit(_ limit: Int, _ body: (Entry) -> Void) {
            if limit > 1 { previous?.visit(limit - 1, body) }
            body(entry)
        }
    }

    /// More links than this are not kept; of those that are, the last ones count.
    private static let mostLinks = capacity + capacity / 2

    private var newest: Link?

    /// The last `entries`, the oldest first.
    package init(entries: [Entry] = []) {
        for entry in entries.suffix(MutationLog.capacity) { append(entry) }
    }

    /// How many of its last mutations the task remembers.
    package var count: Int {
        newest.map { min(Int($0.count), MutationLog.capacity) } ?? 0
    }

    /// Oldest first.
    package var entries: [Entry] {
        var entries: [Entry] = []
        visit { entries.append($0) }
        return entries
    }

    /// Calls `body` for each entry, or for the last `count`, the oldest first.
    package func visit(last count: Int = capacity, _ body: (Entry) -> Void) {
        guard count > 0 else { return }
        newest?.visit(min(count, MutationLog.capacity), body)
    }

    /// How many bytes those entries take that are encoded and kept, which may be some more than count.
    package var encodedByteCount: Int {
        newest.map { Int($0.encodedByteCount) } ?? 0
    }

    package mutating func append(_ entry: consuming Entry) {
        if let newest, newest.count == MutationLog.mostLinks {
            var kept: Link?
            newest.visit(MutationLog.capacity - 1) { kept = Link($0, after: kept) }
            self.newest = kept
        }
        newest = Link(entry, after: newest)
    }

    package mutating func remember(_ mutation: Mutation, outcome: MutationOutcome) {
        remember(mutation, RecordedOutcome(outcome))
    }

    /// Remembers a mutation that returned `state` and nothing else.
    mutating func remember(_ mutation: Mutation, returning state: consuming TaskBasics) {
        remember(mutation, .state(state))
    }

    private mutating func remember(_ mutation: Mutation, _ outcome: consuming RecordedOutcome) {
        append(Entry(requestID: mutation.requestID, fingerprint: mutation.fingerprint, outcome: outcome))
    }

    /// Forgets the newest mutation if it returned `state` and nothing else; `nil` where it did not.
    mutating func removeNewest(returning state: TaskBasics) -> Mutation? {
        guard let link = newest, case .state(let past) = link.entry.outcome, past == state else { return nil }
        newest = link.previous
        return Mutation(requestID: link.entry.requestID, fingerprint: link.entry.fingerprint)
    }

    /// The outcome of the first try, or `nil` when the log does not know the id.
    /// - Throws: INVALID_ARGUMENT / REQUEST_ID_REUSED where the id belongs to another request.
    package func outcome(of mutation: Mutation) throws(TaskwireError) -> MutationOutcome? {
        guard let newest, newest.ids.mayContain(mutation.requestID),
            let entry = newest.entry(of: mutation.requestID, within: MutationLog.capacity)
        else { return nil }
        guard entry.fingerprint == mutation.fingerprint else {
            throw TaskwireError(
                .invalidArgument,
                .requestIDReused,
                "request_id: \(mutation.requestID) was used for another request"
            )
        }
        return try entry.outcome.decoded()
    }

    /// Replaces the outcomes that are not encoded yet, which are the newest, by what `encode` makes of them. Returns how many
    /// those were.
    package mutating func encodeOutcomes(
        _ encode: (RequestID, _ fingerprint: UInt64, MutationOutcome) throws(TaskwireError) -> EncodedOutcome
    ) throws(TaskwireError) -> Int {
        var count = 0
        newest = try Self.encoded(newest, &count, encode)
        return count
    }

    private static func encoded(
        _ link: Link?,
        _ count: inout Int,
        _ encode: (RequestID, _ fingerprint: UInt64, MutationOutcome) throws(TaskwireError) -> EncodedOutcome
    ) throws(TaskwireError) -> Link? {
        guard let link else { return nil }
        if case .encoded = link.entry.outcome { return link }
        count += 1
        let previous = try encoded(link.previous, &count, encode)
        var entry = link.entry
        let outcome = try entry.outcome.decoded()
        entry.outcome = .encoded(try encode(entry.requestID, entry.fingerprint, outcome))
        return Link(entry, after: previous)
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
        guard let left, let right, left.entry == right.entry else { return false }
        return matches(left.previous, right.previous, within: limit - 1)
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(newest?.entry)
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

    /// How many bytes it takes if it is encoded, and else 0.
    package var encodedByteCount: Int {
        if case .encoded(let outcome) = self { outcome.byteCount } else { 0 }
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

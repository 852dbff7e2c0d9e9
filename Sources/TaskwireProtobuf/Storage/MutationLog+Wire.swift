internal import CTaskwireProtos
package import Taskwire

// The log is kept encoded: every change of a task reads and writes it, while an outcome in it is asked for only when a
// caller repeats itself. So only request ids and fingerprints are decoded, and old entries are copied as they are.
extension MutationLog: WireDecodable {
    /// Reads what ``encodedEntries(last:)`` wrote, or several of these, one after the other.
    /// - Throws: INVALID_ARGUMENT / MALFORMED_MESSAGE.
    package init(wire bytes: UnsafeRawBufferPointer, arena: Arena) throws(TaskwireError) {
        let copy = unsafe [UInt8](bytes)
        do throws(WireFault) {
            var entries: [Entry] = []
            var reader = unsafe WireReader(bytes)
            while !reader.isAtEnd {
                let start = reader.offset
                let (field, wireType) = try reader.tag()
                guard field == 1, wireType == .lengthDelimited else { throw .malformed("unknown field") }
                let (requestID, fingerprint, madeAt) = try unsafe Self.name(in: try reader.lengthDelimited())
                let outcome = EncodedOutcome(in: copy, at: start..<reader.offset, decode: Self.decode)
                entries.append(
                    Entry(
                        requestID: requestID,
                        fingerprint: fingerprint,
                        outcome: .encoded(outcome),
                        madeAt: madeAt
                    )
                )
            }
            self.init(entries: entries)
        } catch {
            throw error.refusal(of: "MutationLog")
        }
    }

    /// Encodes the outcomes that are not encoded yet, so that this is done once for each. Returns how many those were.
    /// - Throws: INVALID_ARGUMENT / INVALID_FIELD where a string contains a NUL byte, RESOURCE_EXHAUSTED / TOO_LARGE.
    package mutating func encodeOutcomes(arena: Arena) throws(TaskwireError) -> Int {
        try encodeOutcomes { entry throws(TaskwireError) in
            let mutation = Mutation(
                requestID: entry.requestID,
                fingerprint: entry.fingerprint,
                outcome: try entry.outcome.decoded(),
                madeAt: entry.madeAt
            )
            let bytes = try Mutations(mutations: [mutation]).encoded(arena: arena)
            return EncodedOutcome(in: bytes, at: bytes.indices, decode: Self.decode)
        }
    }

    /// The newest entries, or all, as a MutationLog of `record.proto`. All of them are encoded already.
    package func encodedEntries(last count: Int = .max) -> [UInt8] {
        let outcomes = last(count).compactMap(\.outcome.encoded)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(outcomes.reduce(0) { $0 + $1.bytes.count })
        // The encodings of several messages, one after the other, are the encoding of all their entries.
        for outcome in outcomes { bytes += outcome.bytes }
        return bytes
    }

    private static func name(
        in mutation: UnsafeRawBufferPointer
    ) throws(WireFault) -> (RequestID, fingerprint: UInt64, MutationTime) {
        var reader = unsafe WireReader(mutation)
        var requestID: RequestID?
        var fingerprint: UInt64 = 0
        var second: UInt64 = 0
        while !reader.isAtEnd {
            let (field, wireType) = try reader.tag()
            switch (field, wireType) {
            case (1, .lengthDelimited): requestID = unsafe RequestID(rawBytes: try reader.lengthDelimited())
            case (2, .fixed64): fingerprint = try reader.fixed64()
            case (7, .varint): second = try reader.varint()
            default: try reader.skip(wireType)
            }
        }
        guard let requestID else { throw .malformed("a mutation without request id") }
        return (requestID, fingerprint, MutationTime(second: UInt16(truncatingIfNeeded: second)))
    }

    @Sendable
    private static func decode(_ bytes: ArraySlice<UInt8>) throws(TaskwireError) -> MutationOutcome {
        guard let mutation = try? Mutations(wire: Array(bytes)).mutations.first else {
            throw TaskwireError(.unavailable, .storeCorrupt, "What is stored of the task is damaged")
        }
        return mutation.outcome
    }
}

private struct Mutations {
    var mutations: [Mutation]
}

extension Mutations: MessageReadable, MessageWritable {
    static let descriptor = unsafe MessageDescriptor(taskwire__storage__v1__mutation_log__init)

    init(_ message: Taskwire__Storage__V1__MutationLog) throws(TaskwireError) {
        mutations = try unsafe Mutation.readAll(message.mutations, count: message.n_mutations, "mutations")
    }

    func write(to message: inout Taskwire__Storage__V1__MutationLog, in arena: Arena) throws(TaskwireError) {
        unsafe message.mutations = try arena.messages(mutations, "mutations")
        message.n_mutations = mutations.count
    }
}

private struct Mutation {
    var requestID: RequestID
    var fingerprint: UInt64
    var outcome: MutationOutcome
    var madeAt: MutationTime
}

extension Mutation: MessageReadable, MessageWritable {
    static let descriptor = unsafe MessageDescriptor(taskwire__storage__v1__mutation__init)

    init(_ message: Taskwire__Storage__V1__Mutation) throws(TaskwireError) {
        guard let requestID = RequestID(wire: message.request_id) else {
            throw .invalidField("request_id", "has not \(RequestID.byteCount) bytes")
        }
        self.requestID = requestID
        fingerprint = message.fingerprint
        outcome = unsafe MutationOutcome(
            state: try TaskState.readRequired(message.outcome, "outcome").basics,
            product: Self.product(message)
        )
        madeAt = MutationTime(second: UInt16(truncatingIfNeeded: message.made_at_s))
    }

    func write(to message: inout Taskwire__Storage__V1__Mutation, in arena: Arena) throws(TaskwireError) {
        message.request_id = try arena.bytes(requestID.bytes)
        message.fingerprint = fingerprint
        message.made_at_s = UInt32(madeAt.second)
        let state = try unsafe arena.message(TaskState(outcome.state))
        // All mutations of a task would repeat them.
        unsafe (state.pointee.id, state.pointee.owner) = (nil, nil)
        unsafe message.outcome = state
        switch outcome.product {
        case .none:
            break
        case .leaseToken(let token):
            message.lease_token = try arena.bytes(token)
        case .delivery:
            message.is_delivery = 1
        case .acceptedKeys(let keys):
            unsafe message.accepted = try arena.strings(keys, "accepted")
            message.n_accepted = keys.count
        }
    }

    private static func product(_ message: Taskwire__Storage__V1__Mutation) -> MutationProduct {
        if message.lease_token.len > 0 { return .leaseToken([UInt8](wire: message.lease_token)) }
        if message.is_delivery != 0 { return .delivery }
        if message.n_accepted > 0 {
            return unsafe .acceptedKeys([String](wire: message.accepted, count: message.n_accepted))
        }
        return .none
    }
}

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

    /// Oldest first.
    package private(set) var entries: [Entry] = []

    package init(entries: [Entry] = []) {
        self.entries = entries.suffix(MutationLog.capacity)
    }

    /// The outcome of the first try, or `nil` when the log does not know the id.
    /// - Throws: INVALID_ARGUMENT / REQUEST_ID_REUSED where the id belongs to another request.
    package func outcome(of mutation: Mutation) throws(TaskwireError) -> MutationOutcome? {
        guard let entry = entries.last(where: { $0.requestID == mutation.requestID }) else { return nil }
        guard entry.fingerprint == mutation.fingerprint else {
            throw TaskwireError(
                .invalidArgument,
                .requestIDReused,
                "request_id: \(mutation.requestID) was used for another request"
            )
        }
        switch entry.outcome {
        case .decoded(let outcome): return outcome
        case .encoded(let outcome): return try outcome.decode(outcome.bytes)
        }
    }

    /// Replaces the outcomes that are not encoded yet by what `encode` makes of them.
    package mutating func encodeOutcomes<Failure: Error>(
        _ encode: (RequestID, _ fingerprint: UInt64, MutationOutcome) throws(Failure) -> EncodedOutcome
    ) throws(Failure) {
        for index in entries.indices {
            let entry = entries[index]
            guard case .decoded(let outcome) = entry.outcome else { continue }
            entries[index].outcome = .encoded(try encode(entry.requestID, entry.fingerprint, outcome))
        }
    }

    package mutating func remember(_ mutation: Mutation, outcome: MutationOutcome) {
        if entries.count == MutationLog.capacity { entries.removeFirst() }
        entries.append(
            Entry(
                requestID: mutation.requestID,
                fingerprint: mutation.fingerprint,
                outcome: .decoded(outcome)
            )
        )
    }
}

/// An outcome in the log. What was read from a database stays encoded until somebody asks for it, which is seldom.
///
/// Indirect, so that the log, which each mutation copies, is small.
package indirect enum RecordedOutcome: Sendable {
    case decoded(MutationOutcome)
    case encoded(EncodedOutcome)
}

/// An outcome as a database has it.
package struct EncodedOutcome: Sendable {
    /// The entry of the log, in an encoding that only the codec knows.
    package let bytes: ArraySlice<UInt8>
    /// - Throws: UNAVAILABLE / STORE_CORRUPT where the bytes are no outcome.
    package let decode: @Sendable (ArraySlice<UInt8>) throws(TaskwireError) -> MutationOutcome

    package init(
        bytes: ArraySlice<UInt8>,
        decode: @escaping @Sendable (ArraySlice<UInt8>) throws(TaskwireError) -> MutationOutcome
    ) {
        self.bytes = bytes
        self.decode = decode
    }
}

/// What one mutation came to.
package struct MutationOutcome: Sendable, Hashable {
    /// The basic view of the task as the mutation left it. All tasks under one key have the same id and owner, which may be
    /// missing here; everything else may belong to another task by the time of a retry.
    package var state: TaskState
    /// What it returned beside the task.
    package var product: MutationProduct

    package init(of state: TaskState, product: MutationProduct = .none) {
        self.state = state.viewed(as: .basic)
        self.product = product
    }

    /// The basic view of the task under the key of `current` as it was after that mutation.
    package func state(underKeyOf current: TaskState) -> TaskState {
        var past = state
        if past.id != current.id { past.id = current.id }
        if past.owner != current.owner { past.owner = current.owner }
        return past
    }
}

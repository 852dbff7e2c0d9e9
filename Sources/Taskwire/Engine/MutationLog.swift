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

/// The basic view of a task as one mutation left it, but for what all tasks under one key share.
///
/// Also what no mutation changes is in it, since the id may belong to another task by the time of a retry.
package struct MutationOutcome: Sendable, Hashable {
    package var createdAt: Timestamp
    package var labels: [String: String]
    package var immediateResponse: String?
    package var status: TaskStatus
    package var statusMessage: String?
    package var lastUpdatedAt: Timestamp
    package var ttlMilliseconds: Int64?
    package var pollIntervalMilliseconds: Int64
    package var revision: UInt64
    package var isCancelRequested: Bool
    package var progress: TaskProgress?
    package var lease: TaskLease?
    package var product: MutationProduct

    package init(of state: TaskState, product: MutationProduct = .none) {
        self.product = product
        createdAt = state.createdAt
        labels = state.labels
        immediateResponse = state.immediateResponse
        status = state.status
        statusMessage = state.statusMessage
        lastUpdatedAt = state.lastUpdatedAt
        ttlMilliseconds = state.ttlMilliseconds
        pollIntervalMilliseconds = state.pollIntervalMilliseconds
        revision = state.revision
        isCancelRequested = state.isCancelRequested
        progress = state.progress
        lease = state.lease
    }

    /// The basic view of `state` as it was after that mutation.
    package func applied(to state: TaskState) -> TaskState {
        var past = state.viewed(as: .basic)
        past.createdAt = createdAt
        past.labels = labels
        past.immediateResponse = immediateResponse
        past.status = status
        past.statusMessage = statusMessage
        past.lastUpdatedAt = lastUpdatedAt
        past.ttlMilliseconds = ttlMilliseconds
        past.pollIntervalMilliseconds = pollIntervalMilliseconds
        past.revision = revision
        past.isCancelRequested = isCancelRequested
        past.progress = progress
        past.lease = lease
        return past
    }
}

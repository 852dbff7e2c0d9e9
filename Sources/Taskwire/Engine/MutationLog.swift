/// The last 32 mutations of one task, with what each returned.
///
/// The log is part of the record, so that an effect and the memory of it are stored in one write. Refusals are
/// not in it: they changed nothing, and a retry of one may be judged anew.
package struct MutationLog: Sendable, Hashable {
    /// How many mutations a task remembers.
    package static let capacity = 32

    package struct Entry: Sendable, Hashable {
        package var requestID: RequestID
        /// Digest of the request, which tells a retry from another request under the same id.
        package var fingerprint: UInt64
        package var outcome: MutationOutcome

        package init(requestID: RequestID, fingerprint: UInt64, outcome: MutationOutcome) {
            self.requestID = requestID
            self.fingerprint = fingerprint
            self.outcome = outcome
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
        return entry.outcome
    }

    package mutating func remember(_ mutation: Mutation, outcome: MutationOutcome) {
        if entries.count == MutationLog.capacity { entries.removeFirst() }
        entries.append(
            Entry(requestID: mutation.requestID, fingerprint: mutation.fingerprint, outcome: outcome)
        )
    }
}

/// The basic view of a task as one mutation left it, but for what all tasks under one key share.
package struct MutationOutcome: Sendable, Hashable {
    /// What no mutation changes. It is here since the id may belong to another task by the time of a retry.
    package struct Creation: Sendable, Hashable {
        package var createdAt: Timestamp
        package var labels: [String: String]
        package var immediateResponse: String?

        package init(createdAt: Timestamp, labels: [String: String], immediateResponse: String?) {
            self.createdAt = createdAt
            self.labels = labels
            self.immediateResponse = immediateResponse
        }
    }

    package var creation: Creation
    package var status: TaskStatus
    package var statusMessage: String?
    package var lastUpdatedAt: Timestamp
    package var ttlMilliseconds: Int64?
    package var pollIntervalMilliseconds: Int64
    package var revision: UInt64
    package var isCancelRequested: Bool
    package var progress: TaskProgress?
    package var lease: TaskLease?

    package init(of state: TaskState) {
        creation = Creation(
            createdAt: state.createdAt,
            labels: state.labels,
            immediateResponse: state.immediateResponse
        )
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
        past.createdAt = creation.createdAt
        past.labels = creation.labels
        past.immediateResponse = creation.immediateResponse
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

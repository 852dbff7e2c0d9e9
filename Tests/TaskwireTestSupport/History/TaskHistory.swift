public import Taskwire

/// Every call that named one task.
public struct TaskHistory: Sendable {
    /// Which task.
    public let taskID: String
    /// In the order of their beginnings.
    public private(set) var calls: [TaskCall] = []

    /// A history without calls.
    public init(taskID: String) { self.taskID = taskID }

    /// Adds a call and returns its index.
    public mutating func begin(_ call: TaskCall) -> Int {
        calls.append(call)
        return calls.count - 1
    }

    /// Says how a call ended.
    public mutating func end(_ index: Int, _ ending: TaskCall.Ending) {
        calls[index].ending = ending
    }

    /// The leases that were taken, as far as anybody knows, each once and in their order.
    public var claims: [TaskClaim] {
        var claims: [UInt64: TaskClaim] = [:]
        for call in calls {
            if case .claim(let claim) = call.answer { claims[claim.task.revision] = claim }
        }
        return claims.sorted { $0.key < $1.key }.map(\.value)
    }

    /// How many of them are known to have run out, and were not given back.
    public var lostLeaseCount: Int {
        let released = Set(
            calls.filter { if case .release = $0.operation { true } else { false } }
                .map(\.operation.leaseToken)
        )
        let states = calls.compactMap { $0.answer?.state }
        return claims.count { claim in
            !released.contains(claim.leaseToken)
                && states.contains { state in
                    state.revision > claim.task.revision && state.lease?.worker != claim.task.lease?.worker
                        && (!state.status.isTerminal || state.statusMessage == "worker lost")
                }
        }
    }

    /// What the history breaks, one violation of each kind. Broken promises with a name come first; only where there is
    /// none, all orders of the calls are tried against a model of the contract.
    public func violations() -> [Violation] {
        let counted = calls.filter(\.counts)
        var kinds: Set<Violation.Kind> = []
        let named =
            (staleLeases(counted) + doubled(counted) + exchanged(counted) + lost(counted)
            + terminalChanged(counted))
            .filter { kinds.insert($0.kind).inserted }
        guard named.isEmpty else { return named }
        var search = HistorySearch(taskID: taskID, calls: counted)
        return search.explain().map { [$0] } ?? []
    }

    /// A repeat returns the first outcome, and there are no more changes than there were mutations.
    private func doubled(_ calls: [TaskCall]) -> [Violation] {
        var violations: [Violation] = []
        var first: [RequestID: TaskAnswer] = [:]
        for call in calls {
            guard let id = call.requestID, let answer = call.answer, answer.isRemembered else { continue }
            if let known = first[id], known != answer {
                violations.append(
                    Violation(.doubled, "\(id) returned: \(known); and repeated: \(answer)")
                )
            }
            first[id] = first[id] ?? answer
        }
        let highest = calls.compactMap { $0.answer?.state?.revision }.max() ?? 0
        let mutationCount = Set(calls.compactMap(\.requestID)).count
        // Each lease may be lost, once.
        let leaseCount = Set(calls.filter(\.isClaim).compactMap(\.requestID)).count
        if highest > mutationCount + leaseCount {
            violations.append(
                Violation(
                    .doubled,
                    "revision \(highest) after \(mutationCount) mutations and \(leaseCount) leases at most"
                )
            )
        }
        return violations
    }

    /// From when on somebody could see that a lease was another's or nobody's, its token changes nothing any more; and no
    /// two leases have the same.
    private func staleLeases(_ calls: [TaskCall]) -> [Violation] {
        var claims: [[UInt8]: (requestID: RequestID?, task: TaskState)] = [:]
        var violations: [Violation] = []
        for call in calls {
            guard case .claim(let claim) = call.answer else { continue }
            if let known = claims[claim.leaseToken], known.requestID != call.requestID {
                violations.append(Violation(.staleLease, "two leases have the token of \(known.task.text)"))
            }
            claims[claim.leaseToken] = (call.requestID, claim.task)
        }
        var begins: [RequestID: UInt64] = [:]
        for call in calls {
            guard let id = call.requestID else { continue }
            // A repeat returns what was then.
            let begin = begins[id] ?? call.begin
            begins[id] = begin
            guard call.answer?.isAcknowledged == true, let claim = claims[call.operation.leaseToken] else {
                continue
            }
            let later = calls.first { other in
                guard let end = other.end, end < begin, let state = other.answer?.state else { return false }
                return state.revision > claim.task.revision
                    && state.lease?.worker != claim.task.lease?.worker
            }
            guard let state = later?.answer?.state else { continue }
            violations.append(
                Violation(
                    .staleLease,
                    "the call at #\(call.begin) was let through with the lease of \(claim.task.text), "
                        + "after there was: \(state.text)"
                )
            )
        }
        return violations
    }

    /// A revision is one state for ever.
    private func exchanged(_ calls: [TaskCall]) -> [Violation] {
        var states: [UInt64: TaskState] = [:]
        var violations: [Violation] = []
        for call in calls {
            guard let state = call.answer?.state?.viewed(as: .basic).withTimelessLease else { continue }
            if let known = states[state.revision], known != state {
                violations.append(
                    Violation(.lost, "one revision, two states: \(known.text) and \(state.text)")
                )
            }
            states[state.revision] = state
        }
        return violations
    }

    /// Nobody sees an older revision than was seen before his call began.
    private func lost(_ calls: [TaskCall]) -> [Violation] {
        let mayBeRemoved = calls.contains { $0.operation == .delete }
        var ids: Set<RequestID> = []
        var violations: [Violation] = []
        for call in calls {
            // A repeat returns what was then.
            if let id = call.requestID, !ids.insert(id).inserted { continue }
            guard let seen = highestRevision(in: calls, before: call.begin) else { continue }
            if call.answer == .refused(.taskNotFound, nil), !mayBeRemoved {
                violations.append(
                    Violation(.lost, "the task was there, but the call at #\(call.begin) did not find it")
                )
            }
            if let revision = call.answer?.state?.revision, revision < seen {
                violations.append(
                    Violation(
                        .lost,
                        "revision \(seen) was there, but the call at #\(call.begin) saw \(revision)"
                    )
                )
            }
        }
        return violations
    }

    private func highestRevision(in calls: [TaskCall], before moment: UInt64) -> UInt64? {
        var highest: UInt64?
        for call in calls {
            guard let end = call.end, end < moment, let state = call.answer?.state else { continue }
            highest = max(highest ?? 0, state.revision)
        }
        return highest
    }

    /// A terminal status stays until the task is removed.
    private func terminalChanged(_ calls: [TaskCall]) -> [Violation] {
        let mayBeRemoved = calls.contains { $0.operation == .delete }
        let states = calls.compactMap { $0.answer?.state }.sorted { $0.revision < $1.revision }
        return zip(states, states.dropFirst()).compactMap { before, after in
            // From one task to the next one under the same id there are at least two changes.
            guard !mayBeRemoved || after.revision <= before.revision + 1 else { return nil }
            if before.status.isTerminal, after.status != before.status {
                return Violation(.terminalChanged, "\(before.status) became \(after.status)")
            }
            if after.lastUpdatedAt < before.lastUpdatedAt {
                return Violation(.unexpected, "the last update ran backwards at revision \(after.revision)")
            }
            return nil
        }
    }
}

extension TaskHistory: CustomStringConvertible {
    /// One call after the other.
    public var description: String {
        (["task \(taskID)"] + calls.map(\.description)).joined(separator: "\n  ")
    }
}

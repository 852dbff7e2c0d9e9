internal import Synchronization
internal import Taskwire

/// Lets so many calls in at a time, and turns the others away at once.
///
/// Where owners share it, each may have as many as are left for others: one alone half of all, two a third each. So
/// there is room for somebody new, however much the others want (Choudhury and Hahne, "Dynamic queue length thresholds
/// for shared-memory packet switches", 1998).
final class CallGate: Sendable {
    /// A call that was let in.
    struct Pass: Sendable {
        fileprivate let gate: CallGate
        fileprivate let owner: String

        /// The call has ended. To be called once.
        func end() { gate.leave(owner) }
    }

    private struct State {
        var count = 0
        var owners: [String: Int] = [:]
    }

    private let limit: Int
    private let isShared: Bool
    private let noun: String
    /// When those who were turned away may come again.
    private let retryAfter: Duration
    private let state = Mutex(State())

    /// A gate for `limit` calls; `noun` says of which kind, in errors.
    init(limit: Int, isShared: Bool, noun: String, retryAfter: Duration) {
        self.limit = limit
        self.isShared = isShared
        self.noun = noun
        self.retryAfter = retryAfter
    }

    /// Lets a call of `owner` in, until its pass ends.
    /// - Throws: RESOURCE_EXHAUSTED / TOO_MANY_REQUESTS.
    func enter(_ owner: String) throws(TaskwireError) -> Pass {
        let isAdmitted = state.withLock { state in
            let isAdmitted =
                isShared
                ? state.owners[owner, default: 0] < limit - state.count || state.count == 0
                : state.count < limit
            guard isAdmitted else { return false }
            state.count += 1
            if isShared { state.owners[owner, default: 0] += 1 }
            return true
        }
        guard isAdmitted else {
            throw TaskwireError(
                .resourceExhausted,
                .tooManyRequests,
                "The server has as many \(noun) as it takes",
                retryAfter: retryAfter
            )
        }
        return Pass(gate: self, owner: owner)
    }

    private func leave(_ owner: String) {
        state.withLock { state in
            state.count -= 1
            guard isShared, let count = state.owners[owner] else { return }
            state.owners[owner] = count == 1 ? nil : count - 1
        }
    }
}

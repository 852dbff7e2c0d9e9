internal import Taskwire
internal import TaskwireProtobuf

/// Decides whether a call may be carried out now.
struct Admission: Sendable {
    /// Nil: as many calls per second as come.
    private let rateLimiter: RateLimiter?
    private let calls: CallGate
    private let waits: CallGate

    /// - Parameters:
    ///   - maxWaits: Calls that may wait at once.
    ///   - isShared: Whether there are owners who must not take everything from each other.
    init(limits: ServerLimits, maxWaits: Int, isShared: Bool, clock: any TaskClock) {
        let rate = limits.maxCallsPerSecondPerOwner
        rateLimiter = rate > 0 ? RateLimiter(callsPerSecond: rate, clock: clock) : nil
        calls = CallGate(
            limit: limits.maxCallsInProgress,
            isShared: isShared,
            noun: "calls in progress",
            retryAfter: .milliseconds(20)
        )
        waits = CallGate(
            limit: maxWaits,
            isShared: isShared,
            noun: "waiting calls",
            retryAfter: .seconds(1)
        )
    }

    /// Counts a call, before it is read.
    /// - Throws: RESOURCE_EXHAUSTED / RATE_LIMITED.
    func count(for principal: Principal) throws(TaskwireError) {
        try rateLimiter?.admit(principal.owner)
    }

    /// Lets a call in that cannot be answered at once.
    /// - Returns: Its pass, which is to be ended with the call.
    /// - Throws: RESOURCE_EXHAUSTED / TOO_MANY_REQUESTS.
    func enter(_ effect: MethodEffect, for principal: Principal) throws(TaskwireError) -> CallGate.Pass {
        try (effect == .wait ? waits : calls).enter(principal.owner)
    }
}

import Taskwire
import TaskwireClient
import TaskwireRPC
import Testing

/// Whether a call is sent again, without a socket.
@Suite("Retry policy")
struct RetryPolicyTests {
    private static let now = ContinuousClock.now

    private static let reset = RetryPolicy.Failure.transport(
        TransportError(code: .connectionReset, message: "reset", mayHaveBeenSent: true)
    )

    private static func refusal(
        _ code: TaskwireError.Code,
        _ reason: TaskwireError.Reason,
        retryAfter: Duration? = nil
    ) -> RetryPolicy.Failure {
        .refusal(TaskwireError(code, reason, "refused", retryAfter: retryAfter))
    }

    private static func policy(isMutation: Bool = true, seconds: Int = 30) -> RetryPolicy {
        RetryPolicy(start: now, deadline: now + .seconds(seconds), isMutation: isMutation)
    }

    private static func decide(
        _ policy: inout RetryPolicy,
        after failure: RetryPolicy.Failure,
        connectFailure: TransportError? = nil,
        jitter: Double = 0
    ) -> RetryPolicy.Decision {
        policy.decide(after: failure, connectFailure: connectFailure, at: now, jitter: jitter)
    }

    private static func pause(_ decision: RetryPolicy.Decision) -> Duration? {
        if case .retry(let pause) = decision { pause } else { nil }
    }

    private static func error(_ decision: RetryPolicy.Decision) -> TaskwireError? {
        if case .fail(let error) = decision { error } else { nil }
    }

    @Test
    func `a call whose connection broke is sent again, with pauses that double up to half a second`() {
        var policy = Self.policy()
        let pauses = (0..<8).map { _ in Self.pause(Self.decide(&policy, after: Self.reset)) }
        #expect(pauses == [10, 20, 40, 80, 160, 320, 500, 500].map { .milliseconds($0) })
        var jittered = Self.policy()
        #expect(Self.pause(Self.decide(&jittered, after: Self.reset, jitter: 1)) == .milliseconds(15))
    }

    @Test
    func `a mutation that may have been carried out is repeated only while its store remembers it`() {
        for (mayHaveBeenSent, isRepeated) in [(true, false), (false, true)] {
            var policy = Self.policy(seconds: 600)
            let failure = RetryPolicy.Failure.transport(
                TransportError(
                    code: .connectionReset,
                    message: "reset",
                    mayHaveBeenSent: mayHaveBeenSent
                )
            )
            let early = policy.decide(
                after: failure,
                connectFailure: nil,
                at: Self.now + .milliseconds(59_900),
                jitter: 0
            )
            #expect(Self.pause(early) != nil)
            let late = policy.decide(
                after: failure,
                connectFailure: nil,
                at: Self.now + .seconds(60),
                jitter: 0
            )
            #expect((Self.pause(late) != nil) == isRepeated)
            #expect(isRepeated || Self.error(late)?.isOutcomeUnknown == true)
        }
    }

    @Test
    func `nothing is sent again after the deadline, and a mutation's outcome is unknown then`() {
        for isMutation in [true, false] {
            var policy = RetryPolicy(
                start: Self.now,
                deadline: Self.now + .milliseconds(25),
                isMutation: isMutation
            )
            #expect(Self.pause(Self.decide(&policy, after: Self.reset)) == .milliseconds(10))
            #expect(Self.pause(Self.decide(&policy, after: Self.reset)) == .milliseconds(20))
            let error = Self.error(Self.decide(&policy, after: Self.reset))
            #expect(error?.code == .unavailable)
            #expect(error?.isOutcomeUnknown == isMutation)
        }
    }

    @Test
    func `what a server says is the outcome, also of what was sent before`() {
        var policy = Self.policy()
        _ = Self.decide(&policy, after: Self.reset)
        let error = Self.error(Self.decide(&policy, after: Self.refusal(.notFound, .taskNotFound)))
        #expect(error?.reason == .taskNotFound)
        #expect(error?.isOutcomeUnknown == false)
    }

    @Test
    func `a busy server is asked again when it says, unless the caller wants to know`() {
        let busy = Self.refusal(.resourceExhausted, .tooManyRequests, retryAfter: .milliseconds(100))
        var policy = Self.policy()
        #expect(Self.pause(Self.decide(&policy, after: busy)) == .milliseconds(100))
        #expect(Self.pause(Self.decide(&policy, after: busy, jitter: 1)) == .milliseconds(200))
        var impatient = RetryPolicy(
            start: Self.now,
            deadline: Self.now + .seconds(30),
            isMutation: true,
            isRetriedWhenBusy: false
        )
        #expect(Self.error(Self.decide(&impatient, after: busy))?.reason == .tooManyRequests)
    }

    @Test
    func `a full server that gives no advice is not asked again`() {
        var policy = Self.policy()
        let full = Self.refusal(.resourceExhausted, .tooManyRequests)
        #expect(Self.error(Self.decide(&policy, after: full))?.reason == .tooManyRequests)
    }

    @Test
    func `a server that stops, or whose store is away, is asked again`() {
        var policy = Self.policy()
        let stopping = Self.refusal(.unavailable, .stopping, retryAfter: .milliseconds(100))
        #expect(Self.pause(Self.decide(&policy, after: stopping)) == .milliseconds(100))
        let away = Self.refusal(.unavailable, .storeUnreachable)
        #expect(Self.pause(Self.decide(&policy, after: away)) == .milliseconds(200))
    }

    @Test
    func `a store that went away in the middle leaves the outcome of a mutation open`() {
        var policy = Self.policy()
        _ = Self.decide(&policy, after: Self.refusal(.unavailable, .storeUnreachable))
        let late = Self.refusal(.deadlineExceeded, .deadlineExceeded)
        #expect(Self.error(Self.decide(&policy, after: late))?.isOutcomeUnknown == true)
    }

    @Test(arguments: [true, false])
    func `when the time is over the caller is told why it was sent again, not that the last try was late`(
        isMutation: Bool
    ) {
        let timedOut = RetryPolicy.Failure.transport(
            TransportError(code: .timedOut, message: "timed out", mayHaveBeenSent: true)
        )
        for late in [timedOut, Self.refusal(.deadlineExceeded, .deadlineExceeded)] {
            var policy = Self.policy(isMutation: isMutation)
            _ = Self.decide(&policy, after: Self.refusal(.unavailable, .storeUnreachable))
            let error = Self.error(Self.decide(&policy, after: late))
            #expect(error?.code == .unavailable && error?.reason == .storeUnreachable)
            #expect(error?.isOutcomeUnknown == isMutation)
        }
    }

    @Test
    func `a wait that has ended is told as that, whatever came before`() {
        var policy = Self.policy(isMutation: false)
        _ = Self.decide(&policy, after: Self.refusal(.unavailable, .storeUnreachable))
        let ended = TaskwireError(
            .deadlineExceeded,
            .deadlineExceeded,
            "did not end in time",
            task: TaskState(id: "t", createdAt: .now)
        )
        #expect(Self.error(Self.decide(&policy, after: .refusal(ended)))?.reason == .deadlineExceeded)
    }

    @Test
    func `a call that was never sent says why there is no connection`() {
        let timedOut = TransportError(code: .timedOut, message: "timed out")
        let refused = TransportError(code: .connectionRefused, message: "connection refused")
        var policy = Self.policy()
        let decision = Self.decide(&policy, after: .transport(timedOut), connectFailure: refused)
        #expect(Self.error(decision)?.code == .unavailable)
        #expect(Self.error(decision)?.message == "connection refused")
        #expect(Self.error(decision)?.isOutcomeUnknown == false)
    }

    @Test
    func `a caller that has cancelled is told nothing else`() {
        var policy = Self.policy()
        let cancelled = TransportError(code: .cancelled, message: "cancelled", mayHaveBeenSent: true)
        guard case .cancel = Self.decide(&policy, after: .transport(cancelled)) else {
            Issue.record("not cancelled")
            return
        }
    }
}

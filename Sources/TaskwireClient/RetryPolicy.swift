package import Taskwire
package import TaskwireRPC

/// The rule for a call that was not answered, or not for good: whether it is sent again, and when. A value without a socket
/// or a clock.
///
/// A call whose connection broke is sent again: a read does no harm, and a mutation has the same request id. What a server
/// says is the outcome, also of what was sent before, but for refusals after which nothing was done this time. When the time is
/// over, the caller is told of the last of those, and not that the server did not answer the attempt after it.
package struct RetryPolicy: Sendable {
    /// The reason for which an attempt has failed.
    package enum Failure: Sendable {
        /// There is no answer.
        case transport(TransportError)
        /// The server's answer.
        case refusal(TaskwireError)
    }

    /// The way on.
    package enum Decision: Sendable {
        /// The call is sent again after the pause.
        case retry(after: Duration)
        /// The caller is told.
        case fail(TaskwireError)
        /// The caller gave up itself.
        case cancel
    }

    private static let firstPause = Duration.milliseconds(10)
    private static let longestPause = Duration.milliseconds(500)
    private static let busyReasons: Set<TaskwireError.Reason> = [.rateLimited, .tooManyRequests]
    private static let awayReasons: Set<TaskwireError.Reason> = [.stopping, .storeUnreachable]

    /// For how long a store remembers mutations unless it is told otherwise.
    private static let deduplicationWindow = Duration.milliseconds(TaskLimits().deduplicationMilliseconds)

    private let deadline: ContinuousClock.Instant
    /// Until when a mutation is repeated that may have been carried out: its store may forget it then, and would do it again.
    private let repeatEnd: ContinuousClock.Instant
    private let isMutation: Bool
    private let isRetriedWhenBusy: Bool
    private var isOutcomeUnknown = false
    /// The last refusal after which the call was sent again.
    private var refusal: TaskwireError?
    private var pause = firstPause

    /// The policy of one call.
    /// - Parameters:
    ///   - start: Before the first attempt. A mutation that may have been carried out is repeated for 60 s from then on, the
    ///     default of a store's ``TaskLimits/deduplicationMilliseconds``.
    ///   - deadline: When the caller gives up.
    ///   - isMutation: True if an attempt may have changed something.
    ///   - isRetriedWhenBusy: True if a server that is busy is asked again when it says.
    package init(
        start: ContinuousClock.Instant,
        deadline: ContinuousClock.Instant,
        isMutation: Bool,
        isRetriedWhenBusy: Bool = true
    ) {
        self.deadline = deadline
        repeatEnd = start + Self.deduplicationWindow
        self.isMutation = isMutation
        self.isRetriedWhenBusy = isRetriedWhenBusy
    }

    /// Returns the way on after an attempt.
    /// - Parameters:
    ///   - connectFailure: The reason for which there is no connection; nil where there is one.
    ///   - jitter: From 0 to 1: callers that lost the same connection, or were turned away together, do not all come back in
    ///     the same moment.
    package mutating func decide(
        after failure: Failure,
        connectFailure: TransportError?,
        at now: ContinuousClock.Instant,
        jitter: Double
    ) -> Decision {
        switch failure {
        case .transport(let error):
            if error.code == .cancelled { return .cancel }
            if isMutation, error.mayHaveBeenSent { isOutcomeUnknown = true }
            let failure = outcome(error, connectFailure)
            if error.code == .timedOut, connectFailure == nil, let known = lastRefusal { return .fail(known) }
            guard error.code == .connectionReset else { return .fail(failure) }
            return retry(failure, at: now, jitter)
        case .refusal(var error):
            let retryAfter = Self.busyReasons.contains(error.reason) ? error.retryAfter : nil
            let isAway = Self.awayReasons.contains(error.reason)
            // After these nothing was done this time, or nobody knows. Anything else is the outcome.
            guard retryAfter != nil || isAway || error.reason == .deadlineExceeded else {
                return .fail(error)
            }
            // The end of a wait comes with its task, and is the outcome.
            if error.reason == .deadlineExceeded, error.task == nil, let known = lastRefusal {
                return .fail(known)
            }
            if error.reason == .storeUnreachable, isMutation { isOutcomeUnknown = true }
            error.isOutcomeUnknown = isOutcomeUnknown
            refusal = error
            if let retryAfter {
                guard isRetriedWhenBusy else { return .fail(error) }
                return retry(error, after: retryAfter * (1 + jitter), at: now)
            }
            // A server that is stopping may have a successor soon, and its store may be back soon.
            guard isAway else { return .fail(error) }
            pause = max(pause, error.retryAfter ?? .zero)
            return retry(error, at: now, jitter)
        }
    }

    /// ``refusal``, with what is known of the outcome by now.
    private var lastRefusal: TaskwireError? {
        var error = refusal
        error?.isOutcomeUnknown = isOutcomeUnknown
        return error
    }

    private mutating func retry(
        _ failure: TaskwireError,
        at now: ContinuousClock.Instant,
        _ jitter: Double
    ) -> Decision {
        defer { pause = min(pause * 2, Self.longestPause) }
        return retry(failure, after: pause * (1 + jitter / 2), at: now)
    }

    private func retry(
        _ failure: TaskwireError,
        after pause: Duration,
        at now: ContinuousClock.Instant
    ) -> Decision {
        let end = isOutcomeUnknown ? min(deadline, repeatEnd) : deadline
        return now + pause < end ? .retry(after: pause) : .fail(failure)
    }

    /// The error for a caller who gets no answer.
    private func outcome(_ error: TransportError, _ connectFailure: TransportError?) -> TaskwireError {
        var outcome = TaskwireError(transport: error)
        if error.code == .timedOut {
            if let connectFailure {
                outcome = TaskwireError(.unavailable, .unreachable, connectFailure.message)
            } else if isOutcomeUnknown, !error.mayHaveBeenSent {
                outcome = TaskwireError(.unavailable, .unreachable, error.message)
            }
        }
        outcome.isOutcomeUnknown = isOutcomeUnknown
        return outcome
    }
}

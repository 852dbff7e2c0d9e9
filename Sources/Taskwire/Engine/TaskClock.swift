/// Where a store takes the time from. Tests bring their own.
public protocol TaskClock: Sendable {
    /// The present moment.
    var now: Timestamp { get }

    /// Suspends until `moment`.
    /// - Throws: `CancellationError` when the Swift task is cancelled before.
    func sleep(until moment: Timestamp) async throws
}

/// The system's clock.
public struct SystemTaskClock: TaskClock {
    /// The system's clock.
    public init() {}

    /// The present moment.
    public var now: Timestamp { .now }

    /// Suspends for as long as `moment` is away by the system's clock.
    public func sleep(until moment: Timestamp) async throws {
        // Sleeping an hour at most and looking again follows a clock that was set meanwhile.
        while true {
            let remaining = moment.milliseconds(since: now)
            guard remaining > 0 else { return }
            try await Task.sleep(for: .milliseconds(min(remaining, 3_600_000)))
        }
    }
}

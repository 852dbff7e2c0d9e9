internal import Dispatch

extension Duration {
    /// The duration for Dispatch, rounded down to nanoseconds, at most some 292 years.
    var dispatchInterval: DispatchTimeInterval {
        let (seconds, attoseconds) = components
        let (scaled, overflow) = Int(seconds).multipliedReportingOverflow(by: 1_000_000_000)
        guard !overflow else { return .nanoseconds(seconds < 0 ? .min : .max) }
        return .nanoseconds(scaled.addingReportingOverflow(Int(attoseconds / 1_000_000_000)).partialValue)
    }
}

internal import Histogram
internal import Synchronization
internal import Taskwire

/// What all callers did and how long it took.
final class BenchTally: Sendable {
    /// What was counted.
    struct Counts: Sendable {
        /// Nanoseconds of the operations that succeeded, to three digits.
        fileprivate(set) var latencies = Histogram<UInt64>(numberOfSignificantValueDigits: .three)
        /// Operations that failed, each with one call.
        fileprivate(set) var errorCount = 0
        /// Why the first of them failed.
        fileprivate(set) var firstError: TaskwireError?

        /// Operations that succeeded.
        var operationCount: Int { Int(latencies.totalCount) }
    }

    private let state = Mutex(Counts())

    /// What was counted until now.
    var counts: Counts { state.withLock { $0 } }

    func record(_ latency: Duration) {
        let nanoseconds = UInt64(max(0, latency / .nanoseconds(1)))
        _ = state.withLock { $0.latencies.record(nanoseconds) }
    }

    func record(_ error: TaskwireError) {
        state.withLock { counts in
            counts.errorCount += 1
            counts.firstError = counts.firstError ?? error
        }
    }
}

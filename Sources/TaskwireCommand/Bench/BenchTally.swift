internal import Histogram
internal import Taskwire

/// What was done and how long it took.
struct BenchTally: Sendable {
    /// Microseconds of the operations that succeeded, to three digits.
    private(set) var latencies = Histogram<UInt64>(numberOfSignificantValueDigits: .three)
    /// Operations that failed, each with one call.
    private(set) var errorCount = 0
    /// Why the first of them failed.
    private(set) var firstError: TaskwireError?

    /// Operations that succeeded.
    var operationCount: Int { Int(latencies.totalCount) }

    mutating func record(_ latency: Duration) {
        latencies.record(UInt64(max(0, latency.microseconds)))
    }

    mutating func record(_ error: TaskwireError) {
        errorCount += 1
        firstError = firstError ?? error
    }

    mutating func add(_ other: BenchTally) {
        latencies.add(other.latencies)
        errorCount += other.errorCount
        firstError = firstError ?? other.firstError
    }
}

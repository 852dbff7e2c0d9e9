internal import Histogram
internal import Synchronization
internal import Taskwire
internal import TaskwireProtobuf

/// Counts the calls of a server and how long they took.
final class ServerStatistics: Sendable {
    private struct Method {
        var calls: UInt64 = 0
        var errors: UInt64 = 0
        /// Microseconds up to an hour, to two digits.
        var latencies = Histogram<UInt64>(
            highestTrackableValue: 3_600_000_000,
            numberOfSignificantValueDigits: .two
        )

        mutating func record(_ microseconds: UInt64, isError: Bool) {
            calls += 1
            if isError { errors += 1 }
            latencies.record(min(microseconds, latencies.highestTrackableValue))
        }
    }

    private let methods = Mutex<[String: Method]>([:])
    private let start = ContinuousClock.now

    func record(_ method: String, duration: Duration, isError: Bool) {
        let microseconds = UInt64(max(0, duration.microseconds))
        methods.withLock { methods in
            methods[method, default: Method()].record(microseconds, isError: isError)
        }
    }

    /// Everything that the calls themselves tell; what the store and the socket know is left at 0.
    func report() -> ServerStats {
        let methods = methods.withLock { $0 }
        var stats = ServerStats()
        stats.uptimeMilliseconds = (ContinuousClock.now - start).millisecondsRoundedUp
        for name in ServiceDescriptor.all.flatMap(\.methods).map(\.fullName) {
            guard let method = methods[name] else { continue }
            var report = ServerStats.Method(name: name)
            func percentile(_ percent: Double) -> Int64 { Int64(method.latencies.valueAtPercentile(percent)) }
            report.calls = method.calls
            report.errors = method.errors
            report.p50Microseconds = percentile(50)
            report.p90Microseconds = percentile(90)
            report.p99Microseconds = percentile(99)
            report.p999Microseconds = percentile(99.9)
            report.maxMicroseconds = Int64(method.latencies.maxRecorded)
            stats.calls += method.calls
            stats.errors += method.errors
            stats.methods.append(report)
        }
        return stats
    }
}

internal import Histogram
internal import Synchronization
internal import Taskwire
internal import TaskwireProtobuf

/// Counts the calls of a server and how long they took.
final class ServerStatistics: Sendable {
    /// The calls of one method.
    final class Method: Sendable {
        private struct Counts {
            /// Microseconds; what took longer than an hour counts as one.
            static let longest: UInt64 = 3_600_000_000

            var calls: UInt64 = 0
            var errors: UInt64 = 0
            /// Microseconds, to two digits.
            var latencies = Histogram<UInt64>(
                highestTrackableValue: longest,
                numberOfSignificantValueDigits: .two
            )
        }

        private let name: String
        /// Nothing, which takes no room, until there was a call.
        private let counts = Mutex<Counts?>(nil)

        init(name: String) {
            self.name = name
        }

        /// So many calls were answered after `duration`, all of them well or all with errors.
        func record(_ duration: Duration, count: Int = 1, isError: Bool) {
            let microseconds = UInt64(max(0, duration.microseconds))
            counts.withLock { counts in
                if counts == nil { counts = Counts() }
                counts?.calls += UInt64(count)
                if isError { counts?.errors += UInt64(count) }
                counts?.latencies.record(min(microseconds, Counts.longest), count: UInt64(count))
            }
        }

        /// What is known of the method; nil when it was never called.
        var report: ServerStats.Method? {
            guard let counts = counts.withLock({ $0 }) else { return nil }
            var report = ServerStats.Method(name: name)
            func percentile(_ percent: Double) -> Int64 { Int64(counts.latencies.valueAtPercentile(percent)) }
            report.calls = counts.calls
            report.errors = counts.errors
            report.p50Microseconds = percentile(50)
            report.p90Microseconds = percentile(90)
            report.p99Microseconds = percentile(99)
            report.p999Microseconds = percentile(99.9)
            report.maxMicroseconds = Int64(counts.latencies.maxRecorded)
            return report
        }
    }

    private let methods: [String: Method]
    private let start = ContinuousClock.now

    init() {
        let names = ServiceDescriptor.all.flatMap(\.methods).map(\.fullName)
        methods = Dictionary(uniqueKeysWithValues: names.map { ($0, Method(name: $0)) })
    }

    /// Where the calls of a method are counted.
    func method(_ descriptor: MethodDescriptor) -> Method {
        methods[descriptor.fullName] ?? Method(name: descriptor.fullName)
    }

    /// Everything that the calls themselves tell; what the store and the socket know is left at 0.
    func report() -> ServerStats {
        var stats = ServerStats()
        stats.uptimeMilliseconds = (ContinuousClock.now - start).millisecondsRoundedUp
        stats.methods = ServiceDescriptor.all.flatMap(\.methods).compactMap { method($0).report }
        stats.calls = stats.methods.reduce(0) { $0 + $1.calls }
        stats.errors = stats.methods.reduce(0) { $0 + $1.errors }
        return stats
    }
}

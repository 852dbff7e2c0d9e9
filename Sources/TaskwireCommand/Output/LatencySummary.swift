internal import Histogram
internal import Taskwire

/// The percentiles of latencies, in microseconds.
struct LatencySummary {
    /// Headings of ``cells``.
    static let headings = ["P50 µs", "P90 µs", "P99 µs", "P99.9 µs", "MAX µs"]

    private static let names = ["p50", "p90", "p99", "p999", "max"].map { "\($0)Microseconds" }

    private let values: [Int64]

    /// What a server says about a method.
    init(_ method: ServerStats.Method) {
        values = [
            method.p50Microseconds, method.p90Microseconds, method.p99Microseconds,
            method.p999Microseconds, method.maxMicroseconds,
        ]
    }

    /// What is in a histogram of microseconds.
    init(_ latencies: Histogram<UInt64>) {
        values = [50, 90, 99, 99.9, 100].map { Int64(clamping: latencies.valueAtPercentile($0)) }
    }

    /// For people.
    var cells: [TextTable.Cell] { values.map { .init("\($0)") } }

    /// For programs.
    var members: [String: JSONValue] {
        Dictionary(uniqueKeysWithValues: zip(Self.names, values.map { .integer($0) }))
    }
}

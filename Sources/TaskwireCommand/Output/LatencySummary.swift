internal import Histogram
internal import Taskwire

/// The percentiles of latencies, in microseconds.
struct LatencySummary {
    /// Headings of ``cells``.
    static let headings = ["P50 µs", "P90 µs", "P99 µs", "P99.9 µs", "MAX µs"]

    private static let names = ["p50", "p90", "p99", "p999", "max"].map { "\($0)Microseconds" }

    private let values: [Double]

    /// What a server says about a method.
    init(_ method: ServerStats.Method) {
        values = [
            method.p50Microseconds, method.p90Microseconds, method.p99Microseconds,
            method.p999Microseconds, method.maxMicroseconds,
        ].map(Double.init)
    }

    /// What is in a histogram of nanoseconds, to a tenth of a microsecond.
    init(nanoseconds: Histogram<UInt64>) {
        values = [50, 90, 99, 99.9, 100].map {
            (Double(nanoseconds.valueAtPercentile($0)) / 100).rounded() / 10
        }
    }

    /// For people; whole numbers without a decimal.
    var cells: [TextTable.Cell] {
        values.map { .init(Int64(exactly: $0).map(String.init) ?? String($0)) }
    }

    /// For programs.
    var members: [String: JSONValue] {
        Dictionary(uniqueKeysWithValues: zip(Self.names, values.map { .number($0) }))
    }
}

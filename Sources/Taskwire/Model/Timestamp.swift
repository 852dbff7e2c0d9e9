public import FoundationEssentials

/// An instant in UTC with the resolution of the wire, one millisecond.
public struct Timestamp: Sendable, Hashable, Comparable {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    public var millisecondsSince1970: Int64

    /// The instant that many milliseconds after 1970-01-01T00:00:00Z.
    public init(millisecondsSince1970: Int64) {
        self.millisecondsSince1970 = millisecondsSince1970
    }

    /// The instant nearest to `date`, or to what is neither before nor after all time.
    public init(_ date: Date) {
        let milliseconds = (date.timeIntervalSince1970 * 1000).rounded()
        let nearest = Int64(exactly: milliseconds)
        self.init(millisecondsSince1970: nearest ?? (milliseconds > 0 ? .max : .min))
    }

    /// The system clock, now.
    public static var now: Timestamp { Timestamp(Date()) }

    /// The same instant for Foundation.
    public var date: Date { Date(timeIntervalSince1970: Double(millisecondsSince1970) / 1000) }

    /// Orders by time.
    public static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.millisecondsSince1970 < right.millisecondsSince1970
    }

    /// The instant that much later, or the end of time where the sum does not fit.
    package func adding(milliseconds: Int64) -> Timestamp {
        let (sum, overflow) = millisecondsSince1970.addingReportingOverflow(milliseconds)
        return Timestamp(millisecondsSince1970: overflow ? .max : sum)
    }

    /// Milliseconds from `earlier` to here.
    package func milliseconds(since earlier: Timestamp) -> Int64 {
        millisecondsSince1970.subtractingReportingOverflow(earlier.millisecondsSince1970).partialValue
    }
}

extension Timestamp: Codable, CustomStringConvertible {
    /// ISO 8601 with milliseconds, such as `2025-11-25T10:30:00.000Z`.
    public var description: String {
        // The milliseconds are written here: a `Date` counts in binary fractions, which are cut, not rounded.
        let milliseconds = (millisecondsSince1970 % 1000 + 1000) % 1000
        let seconds = millisecondsSince1970 / 1000 - (millisecondsSince1970 % 1000 < 0 ? 1 : 0)
        let date = Date(timeIntervalSince1970: Double(seconds)).formatted(.iso8601)
        let digits = String(milliseconds)
        return "\(date.dropLast()).\(String(repeating: "0", count: 3 - digits.count))\(digits)Z"
    }

    /// Reads ISO 8601, with or without a fraction of a second.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        let withFraction = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        let date = (try? withFraction.parse(text)) ?? (try? Date.ISO8601FormatStyle().parse(text))
        guard let date else {
            throw DecodingError.dataCorruptedError(
                in: container,
                debugDescription: "\"\(text)\" is not an ISO 8601 instant"
            )
        }
        self.init(date)
    }

    /// Writes `description`.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

extension Duration {
    /// Whole microseconds, of a duration that was measured.
    package var microseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000_000 + attoseconds / 1_000_000_000_000
    }

    /// Whole milliseconds, a started one counted whole, so that a positive duration never becomes 0.
    /// Clamped to `Int64`.
    package var millisecondsRoundedUp: Int64 {
        let (seconds, attoseconds) = components
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        guard !overflow else { return seconds < 0 ? .min : .max }
        let rest = attoseconds / 1_000_000_000_000_000
        let partial = attoseconds % 1_000_000_000_000_000 > 0 ? rest + 1 : rest
        let (sum, sumOverflow) = scaled.addingReportingOverflow(partial)
        return sumOverflow ? (seconds < 0 ? .min : .max) : sum
    }
}

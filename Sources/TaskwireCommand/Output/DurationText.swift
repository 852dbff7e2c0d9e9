internal import Taskwire

/// A duration for people: `350ms`, `12s`, `2m30s`, `3h`, `25d`.
///
/// Ten and more of a unit go without the next smaller one.
package struct DurationText: CustomStringConvertible {
    package let description: String

    private static let units: [(milliseconds: Int64, name: String)] = [
        (86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1000, "s"), (1, "ms"),
    ]

    package init(_ duration: Duration) {
        self.init(milliseconds: duration.millisecondsRoundedUp)
    }

    init(milliseconds: Int64) {
        guard let index = Self.units.firstIndex(where: { milliseconds >= $0.milliseconds }) else {
            description = "0s"
            return
        }
        let unit = Self.units[index]
        let (count, rest) = milliseconds.quotientAndRemainder(dividingBy: unit.milliseconds)
        var text = "\(count)\(unit.name)"
        if count < 10, index + 1 < Self.units.count {
            let next = Self.units[index + 1]
            let restCount = rest / next.milliseconds
            if restCount > 0 { text += "\(restCount)\(next.name)" }
        }
        description = text
    }
}

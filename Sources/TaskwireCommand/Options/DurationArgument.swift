internal import ArgumentParser
internal import Taskwire

/// A duration as it is written in commands and configurations: a number and a unit, such as `500ms` or `2h`.
struct DurationArgument: CustomStringConvertible {
    /// How long.
    let duration: Duration
    /// As it was written.
    let description: String

    init(_ text: String) throws {
        let number = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        let milliseconds: Double? =
            switch text.dropFirst(number.count) {
            case "ms": 1
            case "s": 1000
            case "m": 60_000
            case "h": 3_600_000
            case "d": 86_400_000
            default: nil
            }
        let longest = Double(ServerLimits.longestMilliseconds)
        guard let milliseconds, let count = Double(number), count * milliseconds <= longest else {
            throw ValidationError(
                "a duration is a number and one of the units ms, s, m, h and d, as in 500ms, 60s or 1.5h"
            )
        }
        duration = .milliseconds(count * milliseconds)
        description = text
    }
}

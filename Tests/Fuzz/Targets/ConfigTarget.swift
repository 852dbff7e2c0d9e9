internal import ArgumentParser
internal import Taskwire
@testable internal import TaskwireCommand
internal import TaskwireServer

extension FuzzTarget {
    /// The configuration file of `taskwire serve`, up to the point where a server would be made of it.
    static let config = FuzzTarget("config", isRefusal: isConfigRefusal) { bytes in
        file.replaceContent(with: bytes)
        try thread.run {
            let settings = try await ServeSettings(of: command, environment: environment)
            do {
                try settings.server.validate(with: settings.taskLimits)
            } catch let error as TaskwireError {
                throw CommandFailure(setUp: error)
            }
            let limits = LimitOptions.Values(wire: settings.server.limits, tasks: settings.taskLimits)
            check(LimitOptions.counts, limits)
            check(LimitOptions.durations, limits)
        }
    }

    /// Checks that limits are in the ranges that are said to make sense.
    private static func check<Flag, Value>(
        _ rules: [LimitOptions.Limit<Flag, Value>],
        _ limits: LimitOptions.Values
    ) {
        for rule in rules {
            let value = limits[keyPath: rule.limit]
            require(
                rule.range.contains(value),
                "\(rule.key) was set to \(value), which is not in \(rule.range)"
            )
        }
    }

    private static let thread = CallingThread()
    private static let file = NamelessFile()
    private static let environment = ["HOME": "/"]

    private static let command: ServeCommand = {
        do {
            return try ServeCommand.parse(["--config", file.path])
        } catch {
            finding("the command line was refused with \(error)")
        }
    }()

    /// Whether an error is one line for people, and the exit code says that the configuration is wrong.
    private static func isConfigRefusal(_ error: any Error) -> Bool {
        guard let failure = error as? CommandFailure else { return false }
        return failure.exitCode == CommandFailure.Code.usage && !failure.message.isEmpty
            && !failure.message.contains(where: \.isNewline)
    }
}

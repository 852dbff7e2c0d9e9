internal import ArgumentParser

/// How long a command may take that makes one call.
struct TimeoutOption: ParsableArguments {
    @Option(help: "How long a call may take. (default: 30s)", transform: DurationArgument.init)
    var timeout: DurationArgument?

    /// The duration.
    var duration: Duration { timeout?.duration ?? .seconds(30) }
}

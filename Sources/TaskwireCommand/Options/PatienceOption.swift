internal import ArgumentParser

/// How a command that waits bears a server that went away.
struct PatienceOption: ParsableArguments {
    @Option(
        help: "How long to wait for a server that went away. (default: as long as the command waits)",
        transform: DurationArgument.init
    )
    var patience: DurationArgument?

    func validate() throws {
        guard patience.map({ $0.duration > .zero }) ?? true else {
            throw ValidationError("--patience must be above 0")
        }
    }

    /// How long one call waits for a connection.
    var connectTimeout: Duration {
        min(patience?.duration ?? ClientOptions.connectTimeout, ClientOptions.connectTimeout)
    }
}

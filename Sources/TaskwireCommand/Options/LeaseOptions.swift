internal import ArgumentParser
internal import Taskwire

/// How a worker holds a task.
struct LeaseOptions: ParsableArguments {
    @Option(help: "The worker's name for people. (default: machine and process id)")
    var worker: String?

    @Option(
        help: "How long the task is held after the worker's last sign of life, 1s to 10m. (default: 30s)",
        transform: DurationArgument.init
    )
    var lease: DurationArgument?

    @Option(help: "When the lease runs out, let the task fail, or release it for another worker.")
    var onLoss = LeaseLossPolicy.fail

    /// How long the lease lasts unless it is renewed.
    var duration: Duration { lease?.duration ?? .seconds(30) }
}

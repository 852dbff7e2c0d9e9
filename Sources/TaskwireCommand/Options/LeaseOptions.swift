internal import ArgumentParser
internal import Taskwire

/// How a worker holds a task.
struct LeaseOptions: ParsableArguments {
    @Option(help: "The worker's name for people, at most 256 bytes. (default: machine and process id)")
    var worker: String?

    @Option(
        help: "How long the task is held after the worker's last sign of life, 1s to 10m. (default: 30s)",
        transform: DurationArgument.init
    )
    var lease: DurationArgument?

    @Option(help: "When the lease runs out, let the task fail, or release it for another worker.")
    var onLoss = LeaseLossPolicy.fail

    func validate() throws {
        try Self.check(lease)
        if let problem = (1...256).problem(with: worker?.utf8.count ?? 1) {
            throw ValidationError("--worker: its length in bytes \(problem)")
        }
    }

    /// - Throws: A usage error where a lease may not last so long.
    static func check(_ lease: DurationArgument?) throws {
        guard let lease, !leaseRange.contains(lease.duration) else { return }
        throw ValidationError("--lease: \(lease) is not between 1s and 10m")
    }

    private static let leaseRange: ClosedRange<Duration> = .seconds(1) ... .seconds(600)

    /// How long the lease lasts unless it is renewed.
    var duration: Duration { lease?.duration ?? .seconds(30) }
}

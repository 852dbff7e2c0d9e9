internal import ArgumentParser
internal import Glibc
internal import Taskwire
internal import TaskwireClient

/// `taskwire bench`
struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Load a server and tell how fast it answers.",
        discussion: """
            Each caller calls again as soon as it has its answer; all share one connection. --mix says what they do:

              get         read a task with its request
              create      make a task
              update      change the progress and the status message of a task
              lifecycle   make a task, change it twice, complete it and read the result
              wait        change a task for whose change a call waits; the latency is that of the waking up,
                          now and then of a wait that came after its change

            Latencies are those of whole operations, of which lifecycle and wait make several calls. The tasks are \
            labelled bench=<mix> and deleted at the end, after Ctrl-C as well.
            """
    )

    private static let callerRange = 1...2048
    /// What a run may take that ends by a count, however slow the server is.
    private static let countedRun = Duration.seconds(86_400)

    @Option(help: "What the callers do.")
    var mix = BenchMix.lifecycle

    @Option(help: "How many call at the same time.")
    var callers = 64

    @Option(help: "Bytes of a request or a result, and of a status message, which has 16384 at most.")
    var payload = 200

    @Option(help: "How many operations to do, all callers together.")
    var count: Int?

    @Option(help: "How long to do operations. (default: 10s)", transform: DurationArgument.init)
    var duration: DurationArgument?

    @Option(
        help: "How long to do operations before they count. (default: 1s)",
        transform: DurationArgument.init
    )
    var warmUp: DurationArgument?

    @OptionGroup var timeout: TimeoutOption
    @OptionGroup var client: ClientOptions

    func validate() throws {
        if let problem = Self.callerRange.problem(with: callers) {
            throw ValidationError("--callers: \(problem)")
        }
        if let problem = (0...LimitOptions.messageBytes.upperBound).problem(with: payload) {
            throw ValidationError("--payload: \(problem)")
        }
        guard count == nil || duration == nil else {
            throw ValidationError("Give --count or --duration, not both.")
        }
        guard count ?? 1 >= 1 else { throw ValidationError("--count must be above 0") }
        guard duration.map({ $0.duration > .zero }) ?? true else {
            throw ValidationError("--duration must be above 0")
        }
    }

    func run() async throws {
        let payload = Payload(text: String(repeating: "x", count: payload))
        let warmUp = warmUp?.duration ?? .seconds(1)
        let duration = duration?.duration ?? .seconds(10)
        let load = BenchLoad(mix: mix, callerCount: callers, payload: payload, warmUp: warmUp) { [count] in
            count.map(BenchQuota.init(count:)) ?? BenchQuota(duration: duration)
        }
        let report = try await client.withClient(timeout: timeout.duration) { server in
            _ = try await server.ping()
            try await PayloadLimit.check(payload, for: server, client)
            let tasks = BenchTasks(
                client: server,
                mix: mix,
                payload: payload,
                duration: warmUp + (count == nil ? duration : Self.countedRun)
            )
            let result: Result<BenchReport, any Error>
            do {
                result = .success(
                    try await Signals.interruptible { try await load.run(server, tasks: tasks) }
                )
            } catch {
                result = .failure(error)
            }
            try await Signals.endingAtOnce { await tasks.delete() }
            return try result.get()
        }
        try report.show(client.printer)
        if let failure = report.failure { throw failure }
    }
}

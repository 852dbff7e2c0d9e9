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
            Each caller calls again as soon as it has its answer. All share one connection, unless --connections says \
            more. --mix says what they do:

              get         read how far a task is, as those do who poll
              create      make a task
              update      change the progress and the status message of a task
              lifecycle   make a task, change it twice, complete it, read the result
              wait        change a task that a call waits for; the latency is that
                          of the waking up, now and then of a wait that came late

            Latencies are those of whole operations, of which lifecycle and wait make several calls. The tasks are \
            labelled bench=<mix> and deleted at the end, after Ctrl-C as well.

            With --hold each caller waits for that long, and then all tasks are changed at the same moment; the duration \
            and the throughput are those of the waking up.
            """
    )

    private static let callerRange = 1...16_384
    private static let connectionRange = 1...256
    private static let taskRange = 0...100_000_000
    /// How long tasks live that could not be deleted, beyond the time of the run.
    private static let grace = Duration.seconds(600)

    @Option(help: "What the callers do.")
    var mix = BenchMix.lifecycle

    @Option(help: "How many call at the same time.")
    var callers = 64

    @Option(help: "How many connections they share.")
    var connections = 1

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

    @Option(
        help:
            "With wait, instead of --count and --duration: how long all callers wait before they are woken.",
        transform: DurationArgument.init
    )
    var hold: DurationArgument?

    @Option(
        help: """
            Tasks with a request and a result that are made before and stay meanwhile. get and update are spread over \
            them, where otherwise each caller has a task of its own.
            """
    )
    var tasks = 0

    @Option(
        help: """
            When all tasks of the run expire, at the same moment, counted from its beginning. (default: ten minutes \
            after it should have ended)
            """,
        transform: DurationArgument.init
    )
    var expireAfter: DurationArgument?

    @Flag(help: "Leave the tasks there until they expire.")
    var keep = false

    @Option(
        help: .init(
            "With wait: the address of another server of the same store, through which the tasks are changed.",
            valueName: "url"
        )
    )
    var changeAt: String?

    @OptionGroup var timeout: TimeoutOption
    @OptionGroup var client: ClientOptions

    func validate() throws {
        if let problem = Self.callerRange.problem(with: callers) {
            throw ValidationError("--callers: \(problem)")
        }
        if let problem = Self.connectionRange.problem(with: connections) {
            throw ValidationError("--connections: \(problem)")
        }
        if let problem = (0...ServerLimits.messageBytes.upperBound).problem(with: payload) {
            throw ValidationError("--payload: \(problem)")
        }
        if let problem = Self.taskRange.problem(with: tasks) {
            throw ValidationError("--tasks: \(problem)")
        }
        guard [count != nil, duration != nil, hold != nil].count(where: { $0 }) <= 1 else {
            throw ValidationError("Give one of --count, --duration and --hold.")
        }
        guard count ?? 1 >= 1 else { throw ValidationError("--count must be above 0") }
        for (name, argument) in [
            ("duration", duration), ("hold", hold), ("expire-after", expireAfter),
        ] {
            guard argument.map({ $0.duration > .zero }) ?? true else {
                throw ValidationError("--\(name) must be above 0")
            }
        }
        guard mix == .wait || (hold == nil && changeAt == nil) else {
            throw ValidationError("--hold and --change-at are for --mix wait")
        }
        guard hold == nil || warmUp == nil else {
            throw ValidationError("--warm-up is of no use with --hold")
        }
    }

    func run() async throws {
        let load = BenchLoad(
            mix: mix,
            callerCount: callers,
            payload: Payload(text: String(repeating: "x", count: payload)),
            taskCount: tasks,
            warmUp: warmUp?.duration ?? .seconds(1),
            extent: extent
        )
        let report = try await withClients(connections) { servers in
            try await PayloadLimit.check(load.payload, for: servers[0], client)
            guard let changeAt else { return try await run(load, servers, changer: nil) }
            return try await withClient(at: changeAt) { try await run(load, servers, changer: $0) }
        }
        try report.show(client.printer)
        if let failure = report.failure { throw failure }
    }

    /// When the load is over.
    private var extent: BenchLoad.Extent {
        if let count { return .count(count) }
        if let hold { return .hold(hold.duration) }
        return .duration(duration?.duration ?? .seconds(10))
    }

    /// Calls `body` with so many clients, whose servers have answered.
    private func withClients<Value>(
        _ count: Int,
        beside others: [TaskwireClient] = [],
        _ body: ([TaskwireClient]) async throws -> Value
    ) async throws -> Value {
        try await withClient { client in
            let clients = others + [client]
            guard clients.count < count else { return try await body(clients) }
            return try await withClients(count, beside: clients, body)
        }
    }

    private func withClient<Value>(
        at url: String? = nil,
        _ body: (TaskwireClient) async throws -> Value
    ) async throws -> Value {
        try await client.withClient(at: url, timeout: timeout.duration) { client in
            _ = try await client.ping()
            return try await body(client)
        }
    }

    /// Makes the load, and takes its tasks away however it ends.
    private func run(
        _ load: BenchLoad,
        _ servers: [TaskwireClient],
        changer: TaskwireClient?
    ) async throws -> BenchReport {
        let tasks = BenchTasks(
            client: servers[0],
            mix: mix,
            payload: load.payload,
            expiry: .now + (expireAfter?.duration ?? load.expectedDuration + Self.grace)
        )
        let result: Result<BenchReport, any Error>
        do {
            result = .success(
                try await Signals.interruptible {
                    try await load.run(servers, changer: changer, tasks: tasks)
                }
            )
        } catch {
            result = .failure(error)
        }
        if !keep { try await Signals.endingAtOnce { await tasks.delete() } }
        return try result.get()
    }
}

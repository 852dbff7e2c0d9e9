internal import ArgumentParser
internal import Logging
internal import ServiceLifecycle
internal import Taskwire
internal import TaskwireServer
internal import UnixSignals

/// `taskwire serve`
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Serve tasks until SIGTERM or Ctrl-C.",
        discussion: """
            Every option has a variable in the environment and a key in the JSON file that --config, or \
            TASKWIRE_CONFIG, names; an option counts more than its variable, and that more than the file. For \
            --max-ttl they are TASKWIRE_MAX_TTL=2h and {"maxTtl": "2h"}. Durations are strings, counts are \
            numbers, "insecure" is true or false, and "listen" is an array of strings, or in TASKWIRE_LISTEN a \
            list with commas.

            An address is ipc:///path, tcp://host:port or inproc://name. At SIGTERM no new calls are taken, and \
            running ones may finish within the grace period.
            """
    )

    @Option(
        help: .init("Where to listen; may be repeated. (default: a socket of this user)", valueName: "url")
    )
    var listen: [String] = []

    @Option(help: .init("Where tasks are kept: memory:. (default: memory:)", valueName: "url"))
    var store: String?

    @Option(help: "A JSON file with settings.", completion: .file(extensions: ["json"]))
    var config: String?

    @Option(
        help: "How long running calls may take to finish. (default: 10s)",
        transform: DurationArgument.init
    )
    var gracePeriod: DurationArgument?

    @Flag(help: "Listen beyond this machine without TLS and credentials.")
    var insecure = false

    @Option(help: "The least that is logged. (default: info)")
    var logLevel: Logger.Level?

    @Option(help: "How the log is written. (default: text)")
    var logFormat: LogFormat?

    @OptionGroup(title: "Limits")
    var limits: LimitOptions

    func run() async throws {
        let settings = try await ServeSettings(of: self)
        let logger = Logger(label: "taskwire") { _ in
            LineLogHandler(level: settings.logLevel, format: settings.logFormat)
        }
        do {
            let server = try TaskwireServer(
                configuration: settings.server,
                engine: InMemoryTaskStore(limits: settings.server.limits.tasks),
                logger: logger
            )
            let group = ServiceGroup(
                services: [server],
                gracefulShutdownSignals: [.sigterm, .sigint],
                logger: logger
            )
            try await group.run()
        } catch let error as TaskwireError {
            throw CommandFailure(setUp: error)
        }
    }
}

internal import ArgumentParser
internal import Logging
internal import ServiceLifecycle
internal import Taskwire
internal import TaskwireServer
internal import TaskwireStorage
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
            numbers, "insecure", "ipcPeerOwners" and "check" are true or false, and "listen" is an array of strings, or in \
            TASKWIRE_LISTEN a list with commas.

            An address is ipc:///path, tcp://host:port, tls+tcp://host:port or abstract://name. After a comma follow the \
            files that TLS needs, cert=FILE and key=FILE; ca=FILE, where clients must have a certificate of these \
            authorities; and owner=NAME, where everybody who comes in there without a token is that owner. All \
            files are in PEM.

            Without --tokens, --ipc-peer-owners and owner=NAME everybody who can connect may do everything. Beyond this \
            machine the server listens only with TLS and credentials. At SIGHUP the tokens are read again, from a regular file of at most 32 MiB. At SIGTERM no \
            new calls are taken, and running ones may finish within the grace period.

            A store is sqlite:PATH, a file that loses nothing which was acknowledged, and that one server uses at a time; \
            redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE], which many servers may share, or one or more nodes of a Redis \
            Cluster, redis://HOST[:PORT],HOST[:PORT]; or memory:, which ends with the server. sqlite: alone is \
            $XDG_STATE_HOME/taskwire/tasks.db, or else ~/.local/state/taskwire/tasks.db. A password is safer in TASKWIRE_STORE or the file of --config than among \
            the arguments, which other users can see.
            """
    )

    @Option(
        help: .init("Where to listen; may be repeated. (default: a socket of this user)", valueName: "url")
    )
    var listen: [String] = []

    @Option(
        help: .init("The tokens that are taken, as 'taskwire token create' makes them.", valueName: "file"),
        completion: .file()
    )
    var tokens: String?

    @Flag(
        help: """
            Take every user of this machine as the owner uid:N on ipc sockets, N being the user's number. The sockets \
            are open to all of them then.
            """
    )
    var ipcPeerOwners = false

    @Option(help: .init("Where tasks are kept. (default: sqlite:)", valueName: "url"))
    var store: String?

    @Flag(help: "Look for damage in the store's file first, which reads all of it.")
    var check = false

    @Option(
        help: """
            How many replicas of Redis have to confirm each change within a second; else the call fails although the change \
            was made. (default: 0)
            """
    )
    var redisWaitReplicas: Int?

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
        // From here on SIGHUP ends nothing, however long the store takes to open and to close.
        let hangUps = await UnixSignalsSequence(trapping: .sighup)
        defer { withExtendedLifetime(hangUps) {} }
        var settings = try await ServeSettings(of: self)
        LargeAllocations.returnAtOnce()
        let descriptors = try DescriptorLimit.raise()
        let wantedConnections = settings.server.limits.maxConnections
        settings.server.limits.maxConnections = min(wantedConnections, descriptors.connectionCount)
        let writer = LogWriter(format: settings.logFormat)
        defer { writer.flush() }
        let logger = Logger(label: "taskwire") { [settings] _ in
            QueueLogHandler(level: settings.logLevel, writer: writer)
        }
        if descriptors.connectionCount < wantedConnections {
            logger.warning(
                "fewer connections than configured: the limit of open files is low; raise it with ulimit -n",
                metadata: [
                    "connections": .stringConvertible(descriptors.connectionCount),
                    "configured": .stringConvertible(wantedConnections),
                    "open_files": .stringConvertible(descriptors.limit),
                ]
            )
        }
        do {
            let limits = settings.taskLimits
            try settings.server.validate(with: limits)
            switch settings.store {
            case .memory:
                try await serve(InMemoryTaskStore(limits: limits), settings, hangUps, logger)
            case .sqlite(let path):
                let storage = try await SQLiteStorage(
                    path: path,
                    limits: limits,
                    isChecked: settings.isStoreChecked,
                    logger: logger
                )
                let store = SQLiteTaskStore(storage: storage, clock: SystemTaskClock())
                do {
                    try await serve(store, settings, hangUps, logger)
                } catch {
                    await storage.discard()
                    throw error
                }
                try await storage.close()
            case .redis(let address):
                let storage = try await RedisStorage(
                    address,
                    limits: limits,
                    replicaCount: settings.redisReplicaCount,
                    logger: logger
                )
                try await serve(
                    RedisTaskStore(storage: storage, clock: SystemTaskClock()),
                    settings,
                    hangUps,
                    logger
                )
                try await storage.close()
            }
        } catch let error as TaskwireError {
            throw CommandFailure(setUp: error)
        }
    }

    private func serve<Storage: TaskStorage>(
        _ store: TaskEngine<Storage, SystemTaskClock>,
        _ settings: ServeSettings,
        _ hangUps: UnixSignalsSequence,
        _ logger: Logger
    ) async throws {
        let server = try TaskwireServer(configuration: settings.server, engine: store, logger: logger)
        let group = ServiceGroup(
            services: [server, HangUps(signals: hangUps, tokens: settings.server.tokens, logger: logger)],
            gracefulShutdownSignals: [.sigterm, .sigint].filter {
                !Signals.ignoredAtStart.contains($0.rawValue)
            },
            logger: logger
        )
        try await group.run()
    }
}

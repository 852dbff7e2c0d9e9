public import Logging
public import ServiceLifecycle
internal import Synchronization
public import Taskwire
package import TaskwireRPC

/// Serves a store's tasks at any number of addresses.
///
/// ``run()`` listens, serves until it is asked to stop, and stops gracefully: no new calls, running ones finish
/// within the grace period.
public final class TaskwireServer: Service {
    private let configuration: ServerConfiguration
    private let plan: ListenerPlan
    private let logger: Logger
    private let socket: ReplySocket
    private let router: Router
    private let backups: BackupTable
    private let sweep: @Sendable (@escaping @Sendable (any Error) -> Void) async -> Void
    private let observe: @Sendable ((@Sendable (ElapsedChange) -> Void)?) -> Void
    private let bound = Mutex<[String]>([])
    private let isListening = AsyncStream<Void>.makeStream()

    /// A server for the tasks of `engine`.
    /// - Throws: as ``ServerConfiguration/validate()``.
    public init<Storage: TaskStorage, Clock: TaskClock>(
        configuration: ServerConfiguration,
        engine: TaskEngine<Storage, Clock>,
        logger: Logger
    ) throws {
        self.configuration = configuration
        self.logger = logger
        try configuration.validate(with: engine.limits)
        plan = try ListenerPlan(configuration)
        let limits = configuration.limits
        var options = ReplySocket.Configuration()
        options.maximumMessageSize = limits.maxMessageBytes
        options.maximumSkippedSize = limits.maxSkippedBytes
        options.maximumConnections = limits.maxConnections
        options.maximumCallsPerConnection = limits.maxCallsPerConnection
        options.maximumUnsentSize = limits.maxUnreadBytesPerConnection
        options.greetingTimeout = .milliseconds(limits.greetingTimeoutMilliseconds)
        options.messageTimeout = .milliseconds(limits.messageTimeoutMilliseconds)
        options.sendTimeout = .milliseconds(limits.sendTimeoutMilliseconds)
        socket = ReplySocket(configuration: options)
        let statistics = ServerStatistics()
        let info = ServerInfo(
            version: taskwireVersion,
            storage: Storage.kind,
            features: ["batch"],
            limits: limits,
            taskLimits: engine.limits
        )
        let reporter = ServerReporter(
            info: info,
            stats: { [socket] in
                let counts = try await engine.counts()
                var stats = statistics.report()
                stats.tasks = UInt64(counts.tasks)
                stats.tombstones = UInt64(counts.tombstones)
                stats.waits = UInt64(engine.waitCount)
                stats.connections = UInt64(socket.connectionCount)
                return stats
            },
            health: { await engine.checkHealth() }
        )
        backups = BackupTable(
            clock: engine.clock,
            maxChunkBytes: min(Self.maxBackupChunkBytes, limits.maxMessageBytes / 2)
        ) {
            try await engine.backUp()
        }
        router = Router(
            handlers: TaskServiceHandlers.all + ServerServiceHandlers.all(reporter, backups),
            limits: limits,
            authenticator: plan.authenticator,
            admission: Admission(
                limits: limits,
                maxWaits: engine.limits.maxWaits,
                isShared: !plan.authenticator.isOpen,
                clock: engine.clock
            ),
            statistics: statistics,
            logger: logger,
            heldByteCount: { [socket] in socket.heldByteCount },
            tasks: { owner in engine.acting(for: owner) }
        )
        sweep = { report in await engine.run(report: report) }
        observe = { engine.observeElapsedChanges($0) }
    }

    /// Bytes of a backup in one reply: enough to keep a disk busy, too few to keep others from being served.
    private static let maxBackupChunkBytes = 1 << 20

    /// Answers requests as it does those that come in at its addresses.
    package var service: some RequestService { router }

    /// The addresses that it listens on, with the ports that the system chose. Empty before and after.
    public var urls: [String] { bound.withLock { $0 } }

    /// Returns as soon as the server listens on all its addresses, or has ended.
    public func untilListening() async {
        for await _ in isListening.stream {}
    }

    /// Listens and serves until graceful shutdown is asked for (ServiceLifecycle) or the Swift task is cancelled.
    /// - Throws: UNAVAILABLE when it cannot listen, such as when another server does.
    public func run() async throws {
        defer { isListening.continuation.finish() }
        do throws(TransportError) {
            for listener in plan.listeners {
                let url = try await socket.listen(on: listener.address, options: listener.options).description
                bound.withLock { $0.append(url) }
                logger.info("listening", metadata: ["address": "\(url)"])
            }
        } catch {
            await socket.stop(grace: .zero)
            throw TaskwireError(transport: error)
        }
        isListening.continuation.finish()
        if router.audit.tellsEvents { observe { [audit = router.audit] in audit.note($0) } }
        defer { observe(nil) }
        await withTaskGroup { group in
            group.addTask { [sweep, logger] in
                await sweep { error in
                    logger.error("sweeping failed", metadata: ["error": "\(error)"])
                }
            }
            group.addTask { [backups] in await backups.run() }
            group.addTask { [socket, router, logger, configuration] in
                guard (try? await gracefulShutdown()) != nil else { return }
                logger.info(
                    "stopping",
                    metadata: [
                        "grace_ms": .stringConvertible(configuration.gracePeriod.millisecondsRoundedUp)
                    ]
                )
                router.stop()
                await socket.stop(grace: configuration.gracePeriod)
            }
            await socket.run(router)
            group.cancelAll()
        }
        bound.withLock { $0 = [] }
        logger.info("stopped")
    }
}

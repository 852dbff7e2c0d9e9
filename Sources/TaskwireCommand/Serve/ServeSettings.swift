internal import Configuration
internal import FoundationEssentials
internal import Logging
internal import SystemPackage
internal import Taskwire
internal import TaskwireServer

/// What `taskwire serve` goes by: its options, else the environment, else the configuration file.
struct ServeSettings {
    /// The server's.
    var server = ServerConfiguration()
    /// The limits of the tasks in the store.
    var taskLimits = TaskLimits()
    /// Where tasks are kept.
    var store = StoreLocation.memory
    /// Whether the store is looked through for damage before anything is served.
    var isStoreChecked = false
    /// How many replicas of Redis have to confirm each change.
    var redisReplicaCount = 0
    /// The least that is logged.
    var logLevel = Logger.Level.info
    /// How the log is written.
    var logFormat = LogFormat.text

    /// - Throws: ``CommandFailure`` that names the setting, where it stands and what is wrong with it.
    init(of command: ServeCommand, environment: [String: String] = ProcessInfo.processInfo.environment)
        async throws
    {
        let variables = EnvironmentVariablesProvider(environmentVariables: environment)
        var providers: [any ConfigProvider] = [
            InMemoryProvider(name: "options", values: command.settings),
            variables.prefixKeys(with: "taskwire"),
        ]
        let file = command.config ?? environment["TASKWIRE_CONFIG"].flatMap { $0.isEmpty ? nil : $0 }
        if let file {
            try Self.checkKeys(of: file)
            do {
                providers.append(try await FileProvider<JSONSnapshot>(filePath: FilePath(file)))
            } catch {
                throw CommandFailure("\(file): \(error)", exitCode: CommandFailure.Code.usage)
            }
        }
        let journal = SettingsJournal(file: file)
        let reader = ConfigReader(providers: providers, accessReporter: journal)

        let listeners = reader.stringArray(forKey: "listen", default: [])
        let tokens = reader.string(forKey: "tokens")
        server.isPeerOwner = reader.bool(forKey: "ipcPeerOwners", default: false)
        server.isInsecure = reader.bool(forKey: "insecure", default: false)
        isStoreChecked = reader.bool(forKey: "check", default: false)
        let store = reader.string(forKey: "store", default: "sqlite:")
        let waitReplicas = reader.int(forKey: "redisWaitReplicas", default: 0)
        let gracePeriod = reader.string(forKey: "gracePeriod")
        let level = reader.string(forKey: "logLevel")
        let format = reader.string(forKey: "logFormat")
        var limits = LimitOptions.Values()
        for limit in LimitOptions.counts {
            guard let value = reader.int(forKey: ConfigKey(limit.key)) else { continue }
            if let problem = limit.range.problem(with: value) { throw journal.failure(limit.key, problem) }
            limits[keyPath: limit.limit] = value
        }
        for limit in LimitOptions.durations {
            guard let text = reader.string(forKey: ConfigKey(limit.key)) else { continue }
            let value = try journal.duration(limit.key, text).millisecondsRoundedUp
            try journal.check(limit.key, limit.range.contains(value), "\(text) is too short")
            limits[keyPath: limit.limit] = value
        }
        try journal.throwFirstProblem()
        limits.tasks.maxInteractionBytes = min(
            limits.tasks.maxInteractionBytes,
            limits.wire.maxInteractionBytes
        )
        server.limits = limits.wire
        taskLimits = limits.tasks

        do {
            server.listen = try Self.joined(listeners).map { try Listener($0) }
            if let tokens { server.tokens = try AccessTokens(path: tokens) }
        } catch let error as TaskwireError {
            throw CommandFailure(setUp: error)
        }
        if let conflict = server.limits.conflict(with: taskLimits) {
            let problem = conflict.problem { journal.source(of: LimitOptions.key(named: $0)) }
            throw journal.failure(LimitOptions.key(named: conflict.limit), problem)
        }
        do throws(StoreLocation.Problem) {
            self.store = try StoreLocation(store, environment: environment)
        } catch {
            throw journal.failure("store", error.description)
        }
        redisReplicaCount = try checkedReplicaCount(waitReplicas, journal)
        if let gracePeriod { server.gracePeriod = try journal.duration("gracePeriod", gracePeriod) }
        if let level { logLevel = try journal.choice("logLevel", level) }
        if let format { logFormat = try journal.choice("logFormat", format) }
    }

    private func checkedReplicaCount(_ count: Int, _ journal: SettingsJournal) throws -> Int {
        let key = "redisWaitReplicas"
        if let problem = Self.replicaCounts.problem(with: count) { throw journal.failure(key, problem) }
        if case .redis = store { return count }
        try journal.check(key, count == 0, "only a store in Redis has replicas")
        return count
    }

    /// More replicas than Redis can number make no sense.
    private static let replicaCounts = 0...Int(Int32.max)

    /// Every key that the file may have.
    private static var keys: Set<String> {
        Set(
            [
                "listen", "tokens", "ipcPeerOwners", "insecure", "store", "check", "redisWaitReplicas",
                "gracePeriod", "logLevel", "logFormat",
            ]
                + LimitOptions.counts.map(\.key) + LimitOptions.durations.map(\.key)
        )
    }

    private static func checkKeys(of file: String) throws {
        let bytes: [UInt8]
        do {
            bytes = try FileInput.readAll(atPath: file, limit: 1 << 20)
        } catch let failure as CommandFailure {
            throw CommandFailure(failure.message, exitCode: CommandFailure.Code.usage)
        }
        guard case .object(let members)? = try? JSONReader.value(of: bytes) else {
            throw CommandFailure("\(file) is not a JSON object", exitCode: CommandFailure.Code.usage)
        }
        guard let unknown = Set(members.keys).subtracting(keys).min() else { return }
        throw CommandFailure(
            "\(file): there is no setting \"\(unknown)\"; the settings are "
                + keys.sorted().joined(separator: ", "),
            exitCode: CommandFailure.Code.usage
        )
    }

    /// The texts of listeners, out of an array that may have been a list with commas: what has no scheme belongs to the
    /// listener before.
    private static func joined(_ parts: [String]) -> [String] {
        parts.reduce(into: [String]()) { listeners, part in
            if let last = listeners.popLast() {
                listeners += part.contains("://") ? [last, part] : ["\(last),\(part)"]
            } else {
                listeners.append(part)
            }
        }
    }
}

extension ServeCommand {
    /// The options that were given, by the keys of the configuration.
    fileprivate var settings: [AbsoluteConfigKey: ConfigValue] {
        var values: [String: ConfigContent] = [:]
        values["listen"] = listen.isEmpty ? nil : .stringArray(listen)
        values["tokens"] = tokens.map { .string($0) }
        values["ipcPeerOwners"] = ipcPeerOwners ? .bool(true) : nil
        values["store"] = store.map { .string($0) }
        values["check"] = check ? .bool(true) : nil
        values["redisWaitReplicas"] = redisWaitReplicas.map { .int($0) }
        values["gracePeriod"] = gracePeriod.map { .string($0.description) }
        values["insecure"] = insecure ? .bool(true) : nil
        values["logLevel"] = logLevel.map { .string($0.rawValue) }
        values["logFormat"] = logFormat.map { .string($0.rawValue) }
        for limit in LimitOptions.counts {
            values[limit.key] = limits[keyPath: limit.flag].map { .int($0) }
        }
        for limit in LimitOptions.durations {
            values[limit.key] = limits[keyPath: limit.flag].map { .string($0.description) }
        }
        return Dictionary(
            values.map { (AbsoluteConfigKey([$0.key]), ConfigValue($0.value, isSecret: false)) }
        ) { $1 }
    }
}

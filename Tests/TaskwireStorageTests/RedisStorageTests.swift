import Foundation
import Logging
import Synchronization
import Taskwire
import TaskwireStorage
import TaskwireTestSupport
import Testing

/// What is particular to a Redis; what every store does is in the conformance suite.
@Suite("A store in Redis")
struct RedisStorageTests {
    private typealias Store = TaskEngine<RedisStorage, ManualClock>

    @Test("a Redis that has gone ends a connection, and not the program that writes to it")
    func brokenPipe() async throws {
        try await withTimeLimit {
            try await RedisProcess.withRedis { redis in
                let address = try RedisAddress(redis.url)
                let connection = RedisConnection(address.endpoints[0], of: address)
                try connection.open()
                redis.end()
                let failure = #expect(throws: RedisFailure.self) {
                    // What is written before the system has heard of the end is lost without a word.
                    while true {
                        try connection.append([Data("PING".utf8)])
                        try connection.flush()
                    }
                }
                guard case .broken = failure else {
                    Issue.record("\(String(describing: failure))")
                    return
                }
            }
        }
    }

    // MARK: Servers side by side

    @Test("a change through one store wakes who waits at another, also where no announcement arrives")
    func wakeUp() async throws {
        for options in [[], ["--rename-command", "SSUBSCRIBE", "NOBODY-HEARS"]] {
            try await withTimeLimit {
                try await RedisProcess.withRedis(options: options) { redis in
                    let one = try await RedisTaskStore(url: redis.url)
                    let other = try await RedisTaskStore(url: redis.url)
                    _ = try await one.createTask(id: "t")
                    let start = ContinuousClock.now
                    async let waiting = other.awaitResult(
                        AwaitResultRequest(taskID: "t", wait: .seconds(30)),
                        options: .default
                    )
                    while other.waitCount == 0 { await Task.yield() }
                    _ = try await one.completeTask("t", result: .everyByte)
                    let outcome = try await waiting
                    #expect(outcome.result == .everyByte)
                    // The wait would have found it at its end in any case.
                    #expect(ContinuousClock.now - start < .seconds(15))
                    try await one.close()
                    try await other.close()
                }
            }
        }
    }

    @Test("what is overdue changes once, however many look after it")
    func sweeping() async throws {
        try await withTimeLimit {
            try await RedisProcess.withRedis { redis in
                let clock = ManualClock()
                var stores: [Store] = []
                for _ in 0..<3 { stores.append(try await open(redis, clock: clock)) }
                for number in 0..<150 {
                    let owner = stores[0].acting(for: "owner \(number % 7)")
                    let request = CreateTaskRequest(taskID: "t\(number)", ttl: .seconds(60))
                    _ = try await owner.createTask(request, options: .default)
                }
                // Nobody may sweep meanwhile what the clock has not reached.
                clock.advance(by: .seconds(60))
                await withTaskGroup { group in
                    for store in stores {
                        group.addTask { while (try? await store.sweepStep()) ?? 0 > 0 {} }
                    }
                }
                let moment = clock.now
                for number in 0..<150 {
                    let key = TaskKey(owner: "owner \(number % 7)", id: "t\(number)")
                    let record = try #require(try await stores[1].storage.read(key))
                    #expect(record.state.status == .failed)
                    #expect(record.state.revision == 2)
                }
                #expect(try await stores[2].storage.due(atOrBefore: moment, limit: 1000).isEmpty)
                for store in stores { try await store.storage.close() }
            }
        }
    }

    @Test("owners of any name have tasks of their own")
    func owners() async throws {
        try await withTimeLimit {
            try await RedisProcess.withRedis { redis in
                let store = try await open(redis)
                let owners = ["", "a", "a}", "{a}", "a:task:t", "%61", "ä", "a\u{308}", "a b\n"]
                for owner in owners {
                    _ = try await store.acting(for: owner).createTask(id: "t")
                }
                for owner in owners {
                    let tasks = try await store.acting(for: owner).listTasks().tasks
                    #expect(tasks.map(\.owner.utf8.count) == [owner.utf8.count])
                }
                #expect(try await store.counts().tasks == owners.count)
                try await store.storage.close()
            }
        }
    }

    @Test("an owner who was announced and has nothing is forgotten a minute later, unless announced again")
    func announcements() async throws {
        try await withTimeLimit {
            try await RedisProcess.withRedis { redis in
                let clock = ManualClock()
                let storage = try await open(redis, clock: clock).storage
                let owners = RedisOwners(calls: storage.calls)
                func announce() async throws {
                    let look = clock.now.millisecondsSince1970
                    _ = try await storage.calls.run(owners.announcement(of: "o", at: look))
                }
                func isKnownAfterLook() async throws -> Bool {
                    #expect(try await storage.due(atOrBefore: clock.now, limit: 64).isEmpty)
                    return try await owners.all() == ["o"]
                }
                try await announce()
                #expect(try await isKnownAfterLook())
                clock.advance(by: .seconds(59))
                // The task that it is announced for may come as late as this.
                try await announce()
                #expect(try await isKnownAfterLook())
                clock.advance(by: .seconds(61))
                #expect(try await !isKnownAfterLook())

                // A look that began before the announcement ends after it.
                try await announce()
                #expect(try await isKnownAfterLook())
                clock.advance(by: .seconds(61))
                let look = try #require(
                    try await owners.looks(atOrBefore: clock.now, skipping: [:], limit: 1).first
                )
                try await announce()
                _ = try await storage.calls.run(owners.next(look, .nothing, clock.now))
                #expect(try await owners.all() == ["o"])
                try await storage.close()
            }
        }
    }

    // MARK: What is left behind

    @Test("no key is left behind for ever")
    func expiry() async throws {
        try await withTimeLimit {
            try await RedisProcess.withRedis { redis in
                let store = try await open(redis)
                for id in ["working", "completed", "deleted", "claimed"] {
                    var request = CreateTaskRequest(taskID: id, ttl: .seconds(60), request: .everyByte)
                    request.labels = ["a": "b"]
                    _ = try await store.createTask(request, options: .default)
                }
                _ = try await store.completeTask("completed", result: .everyByte)
                _ = try await store.deleteTask("deleted")
                _ = try await store.claimTask(
                    ClaimTaskRequest(taskID: "claimed", worker: "w", lease: .seconds(60)),
                    options: .default
                )
                let lives = try await lifetimes(redis)
                #expect(lives.count == 9)
                #expect(lives.allSatisfy { $0.value > 0 }, "\(lives)")

                // A task without an end holds what its owner has, for as long as it is there.
                _ = try await store.createTask(id: "endless")
                let endless = Set(try await lifetimes(redis).filter { $0.value < 0 }.keys)
                #expect(endless == ["task:endless", "order", "due", "graves", "owner"])
                _ = try await store.deleteTask("endless")
                #expect(try await lifetimes(redis).allSatisfy { $0.value > 0 })
                try await store.storage.close()
            }
        }
    }

    @Test("what Redis forgot by itself is in no list, and due no more")
    func forgotten() async throws {
        try await withTimeLimit {
            try await RedisProcess.withRedis { redis in
                let clock = ManualClock()
                let store = try await open(redis, clock: clock)
                for id in ["a", "b"] {
                    _ = try await store.createTask(
                        CreateTaskRequest(taskID: id, ttl: .seconds(60)),
                        options: .default
                    )
                }
                _ = try await command(redis, RedisCommand("DEL", RedisKeys(owner: "").task("a")))
                #expect(try await store.listTasks().tasks.map(\.id) == ["b"])
                clock.advance(by: .seconds(60))
                #expect(try await store.sweepStep() == 1)
                #expect(try await store.sweepStep() == 0)
                #expect(try await store.counts() == TaskStorageCounts(tasks: 1, tombstones: 0))
                try await store.storage.close()
            }
        }
    }

    @Test("an owner has as many tombstones as the limit says, the last ones")
    func tombstones() async throws {
        try await withTimeLimit {
            try await RedisProcess.withRedis { redis in
                var limits = TaskLimits()
                limits.maxTombstones = 2
                let clock = ManualClock()
                let store = try await open(redis, limits: limits, clock: clock)
                for id in ["a", "b", "c"] {
                    _ = try await store.createTask(id: id)
                    _ = try await store.deleteTask(id)
                    clock.advance(by: .seconds(1))
                }
                #expect(try await store.counts() == TaskStorageCounts(tasks: 0, tombstones: 2))
                #expect(try await store.storage.read(TaskKey(owner: "", id: "a")) == nil)
                #expect(try await store.storage.read(TaskKey(owner: "", id: "b")) != nil)
                try await store.storage.close()
            }
        }
    }

    // MARK: Faults

    @Test("a write whose reply was lost is not applied twice")
    func lostReplies() async throws {
        try await withTimeLimit {
            try await RedisProcess.withRedis { redis in
                let store = try await open(redis)
                for number in 0..<8 { _ = try await store.createTask(id: "t\(number)") }
                let killing = Task {
                    let kill = RedisCommand("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
                    var count: Int64 = 0
                    while !Task.isCancelled { count += try await command(redis, kill).number ?? 0 }
                    return count
                }
                try await withThrowingTaskGroup { group in
                    for number in 0..<8 {
                        group.addTask {
                            for round in 1...20 {
                                let update = UpdateTaskRequest(
                                    taskID: "t\(number)",
                                    progress: TaskProgress(current: Double(round))
                                )
                                let task = try await store.updateTask(update, options: .default)
                                #expect(task.revision == UInt64(round + 1))
                            }
                        }
                    }
                    try await group.waitForAll()
                }
                killing.cancel()
                #expect(try await killing.value > 0)
                for number in 0..<8 {
                    let task = try await store.getTask("t\(number)")
                    #expect(task.revision == 21)
                }
                try await store.storage.close()
            }
        }
    }

    @Test("a Redis that forgot its scripts learns them again")
    func scripts() async throws {
        try await withTimeLimit {
            try await RedisProcess.withRedis { redis in
                let store = try await open(redis)
                try await withThrowingTaskGroup { group in
                    for number in 0..<8 {
                        group.addTask {
                            for round in 0..<10 {
                                _ = try await store.createTask(id: "t\(number)-\(round)")
                                _ = try await command(redis, RedisCommand("SCRIPT", "FLUSH"))
                            }
                        }
                    }
                    try await group.waitForAll()
                }
                #expect(try await store.counts().tasks == 80)
                try await store.storage.close()
            }
        }
    }

    @Test("while Redis is away calls wait, then fail as unavailable; when it is back everything goes on")
    func away() async throws {
        try await withTimeLimit {
            try await withTemporaryFolder { folder in
                let redis = try RedisProcess(
                    folder: folder,
                    options: ["--appendonly", "yes", "--appendfsync", "always"]
                )
                let opened = Mutex<Store?>(nil)
                let clock = ManualClock()
                try await redis.run {
                    let store = try await open(redis, clock: clock)
                    _ = try await store.createTask(id: "before")
                    _ = try await store.createTask(id: "held")
                    _ = try await store.claimTask("held", worker: "w", lease: .seconds(30))
                    opened.withLock { $0 = store }
                }
                let store = try #require(opened.withLock { $0 })
                let refusal = await #expect(throws: TaskwireError.self) { try await store.getTask("before") }
                #expect(refusal?.code == .unavailable)
                #expect(refusal?.reason == .storeUnreachable)
                #expect(refusal?.isOutcomeUnknown == false)
                clock.advance(by: .seconds(60))
                // The call begins before Redis does.
                let waiting = Task { try await store.createTask(id: "meanwhile") }
                try await redis.run {
                    let task = try await store.getTask("before")
                    #expect(task.revision == 1)
                    #expect(try await waiting.value.id == "meanwhile")

                    // Its worker could not renew, and gets the time of one renewal.
                    #expect(try await store.getTask("held").status == .working)
                    clock.advance(by: .milliseconds(9999))
                    #expect(try await store.getTask("held").status == .working)
                    clock.advance(by: .milliseconds(1))
                    #expect(try await store.getTask("held").statusMessage == "worker lost")
                }
                try await store.storage.close()
                let late = await #expect(throws: TaskwireError.self) { try await store.getTask("before") }
                #expect(late?.reason == .stopping)
            }
        }
    }

    @Test(
        "a Redis without room refuses writes, with nothing half-written, but for deletions, which make room"
    )
    func full() async throws {
        try await withTimeLimit {
            try await RedisProcess.withRedis(options: ["--maxmemory", "4mb"]) { redis in
                let store = try await open(redis)
                var ids: [String] = []
                var refusal: TaskwireError?
                while refusal == nil {
                    let id = "t\(ids.count)"
                    do {
                        let payload = Payload(data: [UInt8](repeating: 1, count: 30_000))
                        _ = try await store.createTask(
                            CreateTaskRequest(taskID: id, ttl: .seconds(60), request: payload),
                            options: .default
                        )
                        ids.append(id)
                    } catch let error as TaskwireError {
                        refusal = error
                    }
                }
                #expect(refusal?.code == .resourceExhausted)
                #expect(refusal?.reason == .storeFull)
                #expect(refusal?.retryAfter != nil)
                let all = ListTasksRequest(pageSize: 1000)
                #expect(
                    try await store.listTasks(all, options: .default).tasks.map(\.id).sorted() == ids.sorted()
                )
                #expect(try await store.counts().tasks == ids.count)

                let removed = ids.prefix(ids.count / 2)
                for id in removed { #expect(try await store.deleteTask(id)) }
                ids.removeFirst(removed.count)
                #expect(try await store.counts().tasks == ids.count)
                _ = try await store.createTask(id: "t0")
                ids.append("t0")

                _ = try await command(redis, RedisCommand("CONFIG", "SET", "maxmemory", "0"))
                _ = try await store.createTask(id: "new")
                #expect(try await store.counts().tasks == ids.count + 1)
                try await store.storage.close()
            }
        }
    }

    @Test("a change that too few replicas confirm stays, and its outcome is unknown until they do")
    func replicas() async throws {
        try await withTimeLimit {
            try await RedisProcess.withRedis { redis in
                let lines = LogLines()
                let clock = ManualClock()
                let storage = try await RedisStorage(
                    try RedisAddress(redis.url),
                    replicaCount: 1,
                    clock: clock,
                    logger: Logger(label: "test") { _ in lines }
                )
                #expect(lines.all.contains { $0.contains("fewer replicas") })
                let store = Store(storage: storage, clock: clock)
                let other = try await open(redis, clock: clock)
                _ = try await other.createTask(id: "t")
                let update = UpdateTaskRequest(taskID: "t", statusMessage: "m")
                let options = CallOptions(requestID: .random())
                for _ in 0..<2 {
                    let refusal = await #expect(throws: TaskwireError.self) {
                        try await store.updateTask(update, options: options)
                    }
                    #expect(refusal?.code == .unavailable && refusal?.reason == .storeFailed)
                    #expect(refusal?.isOutcomeUnknown == true)
                    #expect(refusal?.message.contains("Fewer replicas") == true)
                    #expect(try await other.getTask("t").statusMessage == "m")
                }
                let master = redis.url.replacing("redis://127.0.0.1:", with: "127.0.0.1 ")
                try await RedisProcess.withRedis(options: ["--replicaof", master]) { replica in
                    var task: TaskState?
                    while task == nil { task = try? await store.updateTask(update, options: options) }
                    #expect(task?.revision == 2)
                    try await withThrowingTaskGroup { group in
                        for number in 0..<100 {
                            group.addTask { try await store.createTask(id: "t\(number)") }
                        }
                        try await group.waitForAll()
                    }
                    // Without a look at what comes later.
                    let count = try await command(
                        replica,
                        RedisCommand("ZCARD", RedisKeys(owner: "").order)
                    )
                    #expect(count == .integer(101))
                }
                try await storage.close()
                try await other.storage.close()
            }
        }
    }

    @Test("a Redis that may evict is warned of, and one that cannot keep tasks is refused")
    func unfit() async throws {
        try await withTimeLimit {
            try await RedisProcess.withRedis(options: ["--maxmemory-policy", "allkeys-lru"]) { redis in
                let lines = LogLines()
                let storage = try await RedisStorage(
                    try RedisAddress(redis.url),
                    logger: Logger(label: "test") { _ in lines }
                )
                #expect(lines.all.contains { $0.contains("may evict") && $0.contains("allkeys-lru") })
                try await storage.close()
            }
            try await RedisProcess.withRedis(options: ["--replicaof", "127.0.0.1 1"]) { redis in
                let refusal = await #expect(throws: TaskwireError.self) { try await open(redis) }
                #expect(refusal?.reason == .storeIncompatible)
                #expect(refusal?.message.contains("it is a replica") == true)
            }
            try await RedisProcess.withRedis { redis in
                let address = try RedisAddress("\(redis.url),127.0.0.1:1")
                let refusal = await #expect(throws: TaskwireError.self) { try await RedisStorage(address) }
                #expect(refusal?.reason == .storeIncompatible)
                #expect(refusal?.message.contains("it is no Redis Cluster") == true)
            }
            try await RedisProcess.withRedis(options: ["--requirepass", "secret"]) { redis in
                let refusal = await #expect(throws: TaskwireError.self) { try await open(redis) }
                #expect(refusal?.code == .unavailable)
                let address = redis.url.replacing("redis://", with: "redis://:secret@")
                let store = try await RedisTaskStore(url: address)
                _ = try await store.createTask(id: "t")
                try await store.close()
            }
        }
    }

    @Test(
        "addresses",
        arguments: [
            ("redis://h", "redis://h:6379/0"), ("redis://:p@h:1/2", "redis://h:1/2"),
            ("redis://u:p%40@[::1]:65535/", "redis://[::1]:65535/0"), ("rediss://h", nil), ("redis://", nil),
            ("redis://a,b:2,[::1]/3", "redis://a:6379,b:2,[::1]:6379/3"),
            ("redis://u:p,@a:1,a:1", "redis://a:1/0"), ("redis://a,", nil), ("redis://,a", nil),
            ("redis://a,b:0", nil), ("redis://a/1,b", nil),
            ("redis://h:0", nil), ("redis://h/x", nil), ("redis://h/-1", nil), ("redis://h?a=b", nil),
        ]
    )
    func addresses(text: String, description: String?) {
        #expect((try? RedisAddress(text))?.description == description)
    }

    // MARK: Support

    private func open(
        _ redis: RedisProcess,
        limits: TaskLimits = TaskLimits(),
        clock: ManualClock = ManualClock()
    ) async throws -> Store {
        let storage = try await RedisStorage(try RedisAddress(redis.url), limits: limits, clock: clock)
        return Store(storage: storage, clock: clock)
    }

    /// What Redis answers to a command on a connection of its own.
    private func command(_ redis: RedisProcess, _ command: RedisCommand) async throws -> RedisReply {
        let address = try RedisAddress(redis.url)
        let connection = RedisConnection(address.endpoints[0], of: address)
        defer { connection.close() }
        try connection.open()
        try connection.append(command.arguments)
        return try connection.reply()
    }

    /// For how many milliseconds each key is kept, without what they all begin with; negative: for ever.
    private func lifetimes(_ redis: RedisProcess) async throws -> [String: Int64] {
        let keys = try await command(redis, RedisCommand("KEYS", "*")).elements ?? []
        var lifetimes: [String: Int64] = [:]
        for key in keys.compactMap(\.text) {
            let name = key.replacing("tw1:{=}:", with: "")
            lifetimes[name] = try await command(redis, RedisCommand("PTTL", key)).number
        }
        return lifetimes
    }
}

import Foundation
import Synchronization
import Taskwire
import TaskwireStorage
import TaskwireTestSupport
import Testing

/// What is particular to a Redis Cluster; what every store does is in the conformance suite.
@Suite("A store in a Redis Cluster")
struct RedisClusterTests {
    // MARK: All is well

    @Test("owners are spread over all nodes, whichever of them is named")
    func spread() async throws {
        try await withTimeLimit {
            try await RedisCluster.withSharedCluster { cluster in
                let clock = ManualClock()
                let owners = (0..<100).map { "owner \($0)" }
                var stores: [Store] = []
                // By a replica, and by nodes of which the first one is not there.
                for url in [cluster.url(of: 5), "redis://127.0.0.1:1,127.0.0.1:\(cluster.port(of: 1))"] {
                    stores.append(try await open(url, clock: clock))
                }
                for owner in owners {
                    let request = CreateTaskRequest(taskID: "t", ttl: .seconds(60), request: .everyByte)
                    _ = try await stores[0].acting(for: owner).createTask(request, options: .default)
                    let task = try await stores[1].acting(for: owner).getTask("t", view: .full)
                    #expect(task.request == .everyByte)
                }
                #expect(try await stores[1].counts() == TaskStorageCounts(tasks: 100, tombstones: 0))

                var keyCount = 0
                for node in 0..<RedisCluster.masterCount {
                    let address = try RedisAddress(cluster.url(of: node))
                    let connection = RedisConnection(address.endpoints[0], of: address)
                    try connection.open()
                    let keys = (try connection.run("KEYS", "*").elements ?? []).compactMap(\.text)
                    #expect(keys.count { $0.hasSuffix(":task:t") } > 10)
                    keyCount += keys.count
                    for key in keys {
                        let slot = try connection.run("CLUSTER", "KEYSLOT", .text(key))
                        #expect(slot == .integer(Int64(RedisSlots.slot(of: Data(key.utf8)))))
                        let life = try connection.run("PTTL", .text(key)).number
                        #expect(life ?? 0 > 0, "\(key)")
                    }
                }
                // Of each owner the task, order, due times and what is known of it, and the parts of the registry.
                #expect((400...464).contains(keyCount))

                clock.advance(by: .seconds(60))
                await withTaskGroup { group in
                    for store in stores {
                        group.addTask { while (try? await store.sweepStep()) ?? 0 > 0 {} }
                    }
                }
                for owner in owners {
                    let record = try await stores[0].storage.read(TaskKey(owner: owner, id: "t"))
                    #expect(record?.state.status == .failed && record?.state.revision == 2)
                }
                for store in stores { try await store.storage.close() }
            }
        }
    }

    @Test("a change through one store wakes who waits at another, wherever the task is")
    func wakeUp() async throws {
        try await withTimeLimit {
            try await RedisCluster.withSharedCluster { cluster in
                let one = try await RedisTaskStore(url: cluster.url())
                let other = try await RedisTaskStore(url: cluster.url(of: 1))
                let owners = (0..<12).map { "owner \($0)" }
                for owner in owners { _ = try await one.acting(for: owner).createTask(id: "t") }
                let start = ContinuousClock.now
                try await withThrowingTaskGroup { group in
                    for owner in owners {
                        group.addTask {
                            let wait = AwaitResultRequest(taskID: "t", wait: .seconds(30))
                            let outcome = try await other.acting(for: owner).awaitResult(
                                wait,
                                options: .default
                            )
                            #expect(outcome.result == .everyByte)
                        }
                    }
                    while other.waitCount < owners.count { await Task.yield() }
                    for owner in owners {
                        _ = try await one.acting(for: owner).completeTask("t", result: .everyByte)
                    }
                    try await group.waitForAll()
                }
                // The waits would have found it at their end in any case.
                #expect(ContinuousClock.now - start < .seconds(15))
                try await one.close()
                try await other.close()
            }
        }
    }

    @Test("a Cluster has no database but 0")
    func database() async throws {
        try await withTimeLimit {
            try await RedisCluster.withSharedCluster { cluster in
                let refusal = await #expect(throws: TaskwireError.self) {
                    try await open(cluster.url() + "/1")
                }
                #expect(refusal?.reason == .storeIncompatible)
                #expect(refusal?.message.contains("no database but 0") == true)
            }
        }
    }

    // MARK: Slots that move

    @Test("while a slot moves to another node nothing is lost or doubled, and what has moved is read there")
    func resharding() async throws {
        try await withTimeLimit {
            try await RedisCluster.withSharedCluster { cluster in
                let store = try await open(cluster.url())
                let slot = RedisSlots.slot(of: Data(RedisKeys(owner: "").order.utf8))
                let source = slot * RedisCluster.masterCount / RedisSlots.count
                let target = (source + 1) % RedisCluster.masterCount
                let ids = (0..<60).map { "t\($0)" }
                for id in ids {
                    _ = try await store.createTask(
                        CreateTaskRequest(taskID: id, ttl: .seconds(60)),
                        options: .default
                    )
                }
                let load = Load(store: store, owners: [""], ids: ids)
                let loading = Task { try await load.run() }
                try await load.untilAcknowledged(200)

                for (from, to) in [(source, target), (target, source)] {
                    begin(moving: slot, from, to, cluster)
                    // Reads of one key go where it is.
                    for count in [40, 100_000] {
                        migrate(slot, from, to, count, cluster)
                        for id in ids {
                            let record = try await store.storage.read(TaskKey(owner: "", id: id))
                            #expect(record?.state.id == id)
                        }
                    }
                    // A listing needs several, and waits.
                    async let listing = store.listTasks(ListTasksRequest(pageSize: 100), options: .default)
                    async let step = store.sweepStep()
                    _ = try? await step
                    finish(moving: slot, from, to, cluster)
                    #expect(try await listing.tasks.map(\.id).sorted() == ids.sorted())
                    try await load.untilAcknowledged(200)
                }
                load.stop()
                try await loading.value
                try await load.expectExactly(in: store)
                #expect(try await store.counts().tasks == ids.count)
                try await store.storage.close()
            }
        }
    }

    @Test("a listing that meets a slot on its way takes no task for forgotten")
    func halfMoved() async throws {
        try await withTimeLimit {
            try await RedisCluster.withSharedCluster { cluster in
                let store = try await open(cluster.url())
                let names = RedisKeys(owner: "")
                let slot = RedisSlots.slot(of: Data(names.order.utf8))
                let source = slot * RedisCluster.masterCount / RedisSlots.count
                let target = (source + 1) % RedisCluster.masterCount
                for id in ["a", "b"] { _ = try await store.createTask(id: id) }
                begin(moving: slot, source, target, cluster)
                // What names the tasks has moved, and the tasks have not.
                for key in [names.order, names.due, names.graves, names.owner] {
                    migrate([key], source, target, cluster)
                }
                let update = UpdateTaskRequest(taskID: "a", statusMessage: "m")
                async let listing = #expect(throws: TaskwireError.self) { try await store.listTasks() }
                async let updating = #expect(throws: TaskwireError.self) {
                    try await store.updateTask(update, options: .default)
                }
                #expect(await [listing, updating].map { $0?.code } == [.unavailable, .unavailable])
                migrate(slot, source, target, 100_000, cluster)
                finish(moving: slot, source, target, cluster)
                #expect(try await store.listTasks().tasks.map(\.id) == ["a", "b"])
                #expect(try await store.counts().tasks == 2)

                begin(moving: slot, target, source, cluster)
                migrate(slot, target, source, 100_000, cluster)
                finish(moving: slot, target, source, cluster)
                try await store.storage.close()
            }
        }
    }

    // MARK: Nodes that go

    /// How a node goes.
    enum Death: CaseIterable {
        case killed, hanging
    }

    @Test(
        "a master dies under load: what was acknowledged and replicated is there after the failover, once",
        arguments: Death.allCases
    )
    func failover(death: Death) async throws {
        try await withTimeLimit {
            try await RedisCluster.withCluster(nodeTimeout: 2000) { cluster in
                let store = try await open(cluster.url(), replicaCount: 1)
                let other = try await open(cluster.url(of: 1))
                let owners = (0..<24).map { "owner \($0)" }
                for owner in owners { _ = try await store.acting(for: owner).createTask(id: "t") }
                let victim = 0
                let lost = try #require(owners.first { node(of: $0) == victim })
                let load = Load(store: store, owners: owners, ids: ["t"])
                let loading = Task { try await load.run() }
                let waiting = Task {
                    try await other.acting(for: lost).waitForResult("t")
                }
                while other.waitCount == 0 { await Task.yield() }
                try await load.untilAcknowledged(500)

                switch death {
                case .killed: try cluster.kill(victim)
                case .hanging: try cluster.pause(victim)
                }
                while !cluster.command(victim + RedisCluster.masterCount, "ROLE")
                    .hasPrefix("master")
                {
                    try await Task.sleep(for: .milliseconds(10))
                }
                // Before, it would be the master again, with nothing; from now on it is the replica that has to confirm.
                switch death {
                case .killed: try cluster.start(victim)
                case .hanging: try cluster.resume(victim)
                }
                try await load.untilAcknowledged(20, of: lost)
                try await cluster.untilHealthy()
                try await load.untilAcknowledged(500)
                load.stop()
                try await loading.value
                try await load.expectExactly(in: other)
                #expect(try await other.counts().tasks == owners.count)

                _ = try await store.acting(for: lost).completeTask("t", result: .everyByte)
                #expect(try await waiting.value.result == .everyByte)
                try await store.storage.close()
                try await other.storage.close()
            }
        }
    }

    @Test("a node that hands over to its replica is let go of, and those who wait go along")
    func handOver() async throws {
        try await withTimeLimit {
            try await RedisCluster.withSharedCluster { cluster in
                let store = try await open(cluster.url())
                let other = try await open(cluster.url(of: 1))
                let owner = try #require((0..<100).map { "owner \($0)" }.first { node(of: $0) == 0 })
                let (tasks, otherTasks) = (store.acting(for: owner), other.acting(for: owner))
                _ = try await tasks.createTask(id: "t")
                let waiting = Task { try await otherTasks.waitForResult("t") }
                while connections(0, "pubsub", cluster) == 0 {
                    try await Task.sleep(for: .milliseconds(10))
                }
                for (old, new) in [(0, RedisCluster.masterCount), (RedisCluster.masterCount, 0)] {
                    try await cluster.untilHealthy()
                    // Without a vote, which the others refuse while they do not know of the last one.
                    #expect(cluster.command(new, "CLUSTER", "FAILOVER", "TAKEOVER") == "OK")
                    while !cluster.command(new, "ROLE").hasPrefix("master") {
                        try await Task.sleep(for: .milliseconds(10))
                    }
                    let update = UpdateTaskRequest(taskID: "t", statusMessage: "\(new)")
                    _ = try await tasks.updateTask(update, options: .default)
                    for (node, kind, count) in [(old, "normal", 0), (old, "pubsub", 0), (new, "pubsub", 1)] {
                        while connections(node, kind, cluster) != count {
                            try await Task.sleep(for: .milliseconds(10))
                        }
                    }
                }
                _ = try await tasks.completeTask("t", result: .everyByte)
                #expect(try await waiting.value.result == .everyByte)
                try await cluster.untilHealthy()
                try await store.storage.close()
                try await other.storage.close()
            }
        }
    }

    @Test("a node that is dead for good holds up nobody else, and no owner is lost with it")
    func deadNode() async throws {
        try await withTimeLimit {
            let options = ["--cluster-require-full-coverage", "no"]
            try await RedisCluster.withCluster(options: options) { cluster in
                let clock = ManualClock()
                let store = try await open(cluster.url(of: 1), clock: clock)
                let owners = (0..<30).map { "owner \($0)" }
                let create = CreateTaskRequest(taskID: "t", ttl: .seconds(60))
                for owner in owners {
                    _ = try await store.acting(for: owner).createTask(create, options: .default)
                }
                // An owner whose tasks are on a node that lives, and whose place among the owners is not.
                let registry = RedisOwners(calls: store.storage.calls)
                func registryNode(of owner: String) -> Int {
                    node(of: registry.announcement(of: owner, at: 0).key)
                }
                let half = try #require(
                    (0..<100_000).lazy.map { "half \($0)" }.first { node(of: $0) != registryNode(of: $0) }
                )
                let victim = registryNode(of: half)
                let alive = owners.filter { node(of: $0) != victim && registryNode(of: $0) != victim }
                let dead = try #require(owners.first { node(of: $0) == victim })
                try cluster.kill(victim + RedisCluster.masterCount)
                try cluster.kill(victim)

                for owner in alive {
                    let task = try await store.acting(for: owner).updateTask(
                        UpdateTaskRequest(taskID: "t", statusMessage: "still here"),
                        options: .default
                    )
                    #expect(task.revision == 2)
                }
                await withTaskGroup { group in
                    for owner in [dead, half] {
                        group.addTask {
                            let refusal = await #expect(throws: TaskwireError.self) {
                                try await store.acting(for: owner).createTask(create, options: .default)
                            }
                            #expect(refusal?.code == .unavailable && refusal?.isOutcomeUnknown == false)
                        }
                    }
                }
                #expect(
                    try await store.storage.read(TaskKey(owner: half, id: "t")) == nil,
                    "nobody would sweep it"
                )
                clock.advance(by: .seconds(60))
                while try await store.sweepStep() > 0 {}
                for owner in alive {
                    let record = try await store.storage.read(TaskKey(owner: owner, id: "t"))
                    #expect(record?.state.status == .failed)
                }

                try cluster.start(victim)
                try cluster.start(victim + RedisCluster.masterCount)
                try await cluster.untilHealthy()
                for owner in [dead, half] {
                    _ = try await store.acting(for: owner).createTask(create, options: .default)
                }
                try await store.storage.close()
            }
        }
    }

    // MARK: Support

    private typealias Store = TaskEngine<RedisStorage, ManualClock>

    private func open(
        _ url: String,
        replicaCount: Int = 0,
        clock: ManualClock = ManualClock()
    ) async throws -> Store {
        let address = try RedisAddress(url)
        let storage = try await RedisStorage(address, replicaCount: replicaCount, clock: clock)
        return Store(storage: storage, clock: clock)
    }

    /// How many connections a node has but those of who asks, and of nodes that moved keys.
    private func connections(_ node: Int, _ kind: String, _ cluster: RedisCluster) -> Int {
        let list = cluster.command(node, "CLIENT", "LIST", "TYPE", kind)
        return list.split(separator: "\n").count { !$0.contains("cmd=client") && !$0.contains("cmd=restore") }
    }

    /// The master that an owner's tasks are on at first.
    private func node(of owner: String) -> Int {
        node(of: Data(RedisKeys(owner: owner).owner.utf8))
    }

    private func node(of key: Data) -> Int {
        RedisSlots.slot(of: key) * RedisCluster.masterCount / RedisSlots.count
    }

    /// Redis documentation, CLUSTER SETSLOT, "Redis Cluster live resharding explained".
    private func begin(moving slot: Int, _ source: Int, _ target: Int, _ cluster: RedisCluster) {
        let importing = ["CLUSTER", "SETSLOT", "\(slot)", "IMPORTING", cluster.name(of: source)]
        #expect(cluster.command(target, importing) == "OK")
        let migrating = ["CLUSTER", "SETSLOT", "\(slot)", "MIGRATING", cluster.name(of: target)]
        #expect(cluster.command(source, migrating) == "OK")
    }

    /// Moves keys of a slot, up to `count` of them.
    private func migrate(_ slot: Int, _ source: Int, _ target: Int, _ count: Int, _ cluster: RedisCluster) {
        let list = ["CLUSTER", "GETKEYSINSLOT", "\(slot)", "\(count)"]
        let keys = cluster.command(source, list).split(separator: "\n").map(String.init)
        migrate(keys, source, target, cluster)
    }

    private func migrate(_ keys: [String], _ source: Int, _ target: Int, _ cluster: RedisCluster) {
        guard !keys.isEmpty else { return }
        let head = ["MIGRATE", "127.0.0.1", "\(cluster.port(of: target))", "", "0", "10000", "KEYS"]
        #expect(["OK", "NOKEY"].contains(cluster.command(source, head + keys)))
    }

    private func finish(moving slot: Int, _ source: Int, _ target: Int, _ cluster: RedisCluster) {
        for node in [target, source] {
            let command = ["CLUSTER", "SETSLOT", "\(slot)", "NODE", cluster.name(of: target)]
            #expect(cluster.command(node, command) == "OK")
        }
    }

    /// Updates tasks, one after the other of each, until it is stopped. Each is sent again under the same request id until
    /// it is acknowledged.
    private final class Load: Sendable {
        private struct State {
            var counts: [TaskKey: UInt64]
            var isStopped = false
        }

        private let store: Store
        private let state: Mutex<State>

        init(store: Store, owners: [String], ids: [String]) {
            self.store = store
            let keys = owners.flatMap { owner in ids.map { TaskKey(owner: owner, id: $0) } }
            state = Mutex(State(counts: Dictionary(uniqueKeysWithValues: keys.map { ($0, 0) })))
        }

        func run() async throws {
            let keys = state.withLock { Array($0.counts.keys) }
            try await withThrowingTaskGroup { group in
                for key in keys { group.addTask { try await self.update(key) } }
                try await group.waitForAll()
            }
        }

        func stop() { state.withLock { $0.isStopped = true } }

        /// Waits for further updates, of all tasks or of one owner's.
        func untilAcknowledged(_ count: UInt64, of owner: String? = nil) async throws {
            func total() -> UInt64 {
                state.withLock { state in
                    state.counts.filter { owner == nil || $0.key.owner == owner }.values.reduce(0, +)
                }
            }
            let goal = total() + count
            while total() < goal {
                try Task.checkCancellation()
                await Task.yield()
            }
        }

        /// Each update was made, once.
        func expectExactly(in store: Store) async throws {
            for (key, count) in state.withLock({ $0.counts }) {
                let record = try #require(try await store.storage.read(key))
                #expect(record.state.revision == count + 1)
                #expect(record.state.progress?.current ?? 0 == Double(count))
            }
        }

        private func update(_ key: TaskKey) async throws {
            let store = store.acting(for: key.owner)
            var count: UInt64 = 0
            while !state.withLock({ $0.isStopped }) {
                let progress = TaskProgress(current: Double(count + 1))
                let update = UpdateTaskRequest(taskID: key.id, progress: progress)
                let options = CallOptions(requestID: .random())
                while true {
                    do {
                        _ = try await store.updateTask(update, options: options)
                        break
                    } catch let error as TaskwireError where error.code == .unavailable {
                        try Task.checkCancellation()
                    }
                }
                count += 1
                state.withLock { [count] in $0.counts[key] = count }
            }
        }
    }
}

internal import Dispatch
internal import FoundationEssentials
internal import Synchronization
internal import Taskwire

/// Carries out commands on a Redis or on the nodes of a Redis Cluster, each where its key is.
///
/// What was not answered, or cannot be carried out for now, is sent again until its time is over, to whichever node has
/// the key by then. Nodes do not wait for each other.
package final class RedisCalls: RedisNode.Delegate {
    private struct State {
        var slots: RedisSlots
        var nodes: [RedisEndpoint: RedisNode] = [:]
        /// What is sent again after ``pause``.
        var paused: [RedisCall] = []
        var isLooking = false
        var lookedAt = ContinuousClock.now
        /// How often it was looked who has which slot.
        var lookCount = 0
        var isClosed = false
    }

    /// How long a command is tried at most, the time in which Redis is away included; see ``StoragePatience``.
    static let patience = Duration.seconds(5)
    private static let pause = DispatchTimeInterval.milliseconds(50)
    /// After how many times that a call is sent again at once the nodes are given time.
    private static let repeatsAtOnce = 5
    /// How often it is looked who has which slot: at most, when there is a reason, and at least, while there are calls.
    private static let shortestLook = Duration.milliseconds(100)
    private static let longestLook = Duration.seconds(60)
    /// How many nodes there may be at a time. Redis Cluster specification, "Key distribution model": 1000 are the most that
    /// make sense.
    private static let maxNodes = 1000

    /// Whether this is a Redis Cluster.
    let isCluster: Bool
    private let address: RedisAddress
    private let replicaCount: Int
    private let presence: RedisPresence
    private let state: Mutex<State>
    private let deadlines = RedisDeadlines()
    /// Where nodes are asked who has which slot.
    private let looking = DispatchQueue(label: "taskwire.redis.slots")
    private let pausing = DispatchQueue(label: "taskwire.redis.pause")

    /// - Parameters:
    ///   - address: Says who logs in, and to what database.
    ///   - slots: Who has which key.
    ///   - isCluster: Whether that may change.
    ///   - replicaCount: How many replicas have to confirm each write.
    ///   - clock: The one that the engine goes by.
    init(
        _ address: RedisAddress,
        slots: RedisSlots,
        isCluster: Bool,
        replicaCount: Int,
        clock: any TaskClock
    ) {
        self.address = address
        self.isCluster = isCluster
        self.replicaCount = replicaCount
        presence = RedisPresence(clock: clock)
        state = Mutex(State(slots: slots))
    }

    /// See ``TaskStorage/returnedAt``.
    var returnedAt: Timestamp? { presence.returnedAt }

    /// Leases get the time of one renewal from now on.
    func noteReturn() { presence.noteReturn() }

    /// Lets a node carry out a command, and tells `finish`, on another thread.
    func submit(
        _ command: RedisCommand,
        finish: @escaping @Sendable (Result<RedisReply, RedisFailure>) -> Void
    ) {
        let end = ContinuousClock.now + Self.patience
        guard let patience = StoragePatience.end else {
            return send(RedisCall(command: command, end: end, finish: finish))
        }
        let earlier = min(end, patience)
        send(RedisCall(command: command, end: earlier, finish: deadlines.watch(until: earlier, finish)))
    }

    /// Carries out a command.
    /// - Throws: ``RedisFailure``
    package func run(_ command: RedisCommand) async throws(RedisFailure) -> RedisReply {
        let result = await withCheckedContinuation { continuation in
            submit(command) { continuation.resume(returning: $0) }
        }
        return try result.get()
    }

    /// Carries out commands together. Replies come in their order.
    /// - Throws: ``RedisFailure``, that of the first one that failed.
    func run(_ commands: [RedisCommand]) async throws(RedisFailure) -> [RedisReply] {
        var replies: [RedisReply] = []
        for result in await results(of: commands) { replies.append(try result.get()) }
        return replies
    }

    /// Carries out commands together, and gives up those that their nodes do not answer within a second. Results come in
    /// the order of the commands.
    func runWhereAvailable(_ commands: [RedisCommand]) async -> [Result<RedisReply, RedisFailure>] {
        await results(of: commands, within: .seconds(1))
    }

    /// The node that has a key, as far as is known.
    func endpoint(of key: String) -> RedisEndpoint? {
        state.withLock { $0.slots[RedisSlots.slot(of: Data(key.utf8))] }
    }

    /// A key for each master, which it has as far as is known.
    func keyOfEachMaster() -> [String] {
        let slots = state.withLock(\.slots)
        var missing = Set(slots.endpoints)
        var keys: [String] = []
        var number = 0
        while !missing.isEmpty, number < RedisSlots.count {
            let key = RedisKeys.owners(part: number)
            if let master = slots[RedisSlots.slot(of: Data(key.utf8))], missing.remove(master) != nil {
                keys.append(key)
            }
            number += 1
        }
        return keys
    }

    /// Closes the connections after what they were given; what was to be sent again fails. Blocks the thread.
    func close() throws {
        let nodes = state.withLock { state in
            state.isClosed = true
            return state.nodes.values
        }
        let results = nodes.map { node in Result { try node.close() } }
        pausing.sync { resume() }
        looking.sync {}
        for result in results { try result.get() }
    }

    private func results(of commands: [RedisCommand], within time: DispatchTimeInterval? = nil) async
        -> [Result<RedisReply, RedisFailure>]
    {
        guard !commands.isEmpty else { return [] }
        return await withCheckedContinuation { continuation in
            let gathering = RedisGathering(count: commands.count) { continuation.resume(returning: $0) }
            for (index, command) in commands.enumerated() {
                submit(command) { gathering.put($0, at: index) }
            }
            if let time { pausing.asyncAfter(deadline: .now() + time) { gathering.end() } }
        }
    }

    // MARK: Where to

    private func send(_ call: RedisCall) {
        let slot = RedisSlots.slot(of: call.command.key)
        let (endpoint, isOld) = state.withLock { state in
            (state.slots[slot], ContinuousClock.now - state.lookedAt > Self.longestLook)
        }
        if isOld { look() }
        guard let endpoint else {
            return tryAgain(call, after: .refused("CLUSTERDOWN no node has slot \(slot)"))
        }
        send(call, to: endpoint)
    }

    private func send(_ call: RedisCall, to endpoint: RedisEndpoint) {
        let node = state.withLock { state -> RedisNode? in
            guard !state.isClosed else { return nil }
            if let node = state.nodes[endpoint] { return node }
            guard state.nodes.count < Self.maxNodes else { return nil }
            let node = RedisNode(
                endpoint,
                of: address,
                replicaCount: replicaCount,
                presence: presence,
                delegate: self
            )
            state.nodes[endpoint] = node
            return node
        }
        if node?.submit(call) != true { tryAgain(call, after: .unreachable("\(endpoint) is not in use")) }
    }

    /// Sends a call again a little later, unless its time is over.
    private func tryAgain(_ call: RedisCall, after failure: RedisFailure) {
        look()
        let isFirst: Bool? = state.withLock { state in
            guard !state.isClosed, ContinuousClock.now < call.end else { return nil }
            state.paused.append(call)
            return state.paused.count == 1
        }
        guard let isFirst else {
            let isClosed = state.withLock { $0.isClosed }
            return call.finish(.failure(call.lost ?? (isClosed ? .closed : failure)))
        }
        if isFirst { pausing.asyncAfter(deadline: .now() + Self.pause) { self.resume() } }
    }

    private func resume() {
        let calls = state.withLock { state in
            defer { state.paused = [] }
            return state.paused
        }
        for call in calls { send(call) }
    }

    // MARK: RedisNode.Delegate

    func node(_ endpoint: RedisEndpoint, failed call: RedisCall, _ failure: RedisFailure, wasSent: Bool) {
        var call = call
        call.isAsking = false
        guard wasSent else { return tryAgain(call, after: failure) }
        if call.lost == nil { call.lost = failure }
        call.repeatCount += 1
        guard ContinuousClock.now < call.end, !call.repeatCount.isMultiple(of: Self.repeatsAtOnce) else {
            return tryAgain(call, after: failure)
        }
        look()
        send(call)
    }

    func node(_ endpoint: RedisEndpoint, redirected call: RedisCall, to redirection: RedisRedirection) {
        var call = call
        call.isAsking = redirection.isAsk
        call.repeatCount += 1
        if isCluster, !redirection.isAsk {
            state.withLock { $0.slots.assign(redirection.slot, to: redirection.endpoint) }
            look()
        }
        guard isCluster, !call.repeatCount.isMultiple(of: Self.repeatsAtOnce) else {
            call.isAsking = false
            return tryAgain(
                call,
                after: .refused("\(endpoint) says that \(redirection.endpoint) has the key")
            )
        }
        send(call, to: redirection.endpoint)
    }

    func nodeIsSilent(_ endpoint: RedisEndpoint) -> Bool {
        look()
        return state.withLock { state in
            !state.isClosed && (!isCluster || state.slots.endpoints.contains(endpoint))
        }
    }

    // MARK: Who has which slot

    /// Asks some node who has which slot, unless that is under way or was done just now.
    private func look() {
        guard isCluster else { return }
        let delay = state.withLock { state -> Duration? in
            guard !state.isLooking, !state.isClosed else { return nil }
            state.isLooking = true
            return max(.zero, Self.shortestLook - (ContinuousClock.now - state.lookedAt))
        }
        guard let delay else { return }
        let milliseconds = Int(delay / .milliseconds(1))
        looking.asyncAfter(deadline: .now() + .milliseconds(milliseconds)) { [self] in
            let found = lookAround()
            state.withLock { state in
                state.isLooking = false
                state.lookedAt = .now
                guard let found, !state.isClosed else { return }
                state.slots = found
                // Each that is let go of closes its connections after what they were given.
                state.nodes = state.nodes.filter { found.endpoints.contains($0.key) }
            }
        }
    }

    /// Asks nodes until one knows.
    private func lookAround() -> RedisSlots? {
        let (known, start) = state.withLock { state in
            state.lookCount += 1
            return (state.slots.endpoints, state.lookCount)
        }
        // Another one each time: those that were cut off from the others do not know what they do not know.
        let all = known + address.endpoints.filter { !known.contains($0) }
        for index in all.indices where !state.withLock({ $0.isClosed }) {
            let endpoint = all[(start + index) % all.count]
            if let slots = try? RedisSlots.ask(endpoint, of: address) { return slots }
        }
        return nil
    }
}

extension RedisSlots {
    /// Asks a node of a Redis Cluster. Blocks the thread.
    /// - Throws: ``RedisFailure``
    static func ask(_ endpoint: RedisEndpoint, of address: RedisAddress) throws(RedisFailure) -> RedisSlots {
        let connection = RedisConnection(endpoint, of: address, for: .survey)
        defer { connection.close() }
        try connection.open()
        guard let slots = RedisSlots(try connection.run("CLUSTER", "SLOTS"), from: endpoint) else {
            throw .refused("CLUSTERDOWN \(endpoint) does not know of any slots")
        }
        return slots
    }
}

internal import Dispatch
internal import Logging

/// What there is at an address, when a store is opened there.
struct RedisSurvey {
    /// Something that an operator should know.
    struct Warning {
        let sentence: String
        let metadata: Logger.Metadata
    }

    private static let pause = DispatchTimeInterval.milliseconds(50)

    /// Who has which key.
    let slots: RedisSlots
    /// Why tasks cannot be kept there; `nil` where they can.
    let objection: String?
    /// Whether it is a Redis Cluster.
    let isCluster: Bool
    /// Of the Redis, or of the masters that answered.
    private let nodes: [(endpoint: RedisEndpoint, information: RedisInformation)]

    /// Asks one of the hosts after the other until one answers, for a few seconds. Blocks the thread.
    /// - Throws: ``RedisFailure``
    init(_ address: RedisAddress) throws(RedisFailure) {
        let end = ContinuousClock.now + RedisCalls.patience
        while true {
            var failure = RedisFailure.unreachable("there is no address")
            for endpoint in address.endpoints {
                do throws(RedisFailure) {
                    self = try RedisSurvey(endpoint, of: address)
                    return
                } catch {
                    failure = error
                }
            }
            guard .now < end else { throw failure }
            _ = DispatchSemaphore(value: 0).wait(timeout: .now() + Self.pause)
        }
    }

    private init(_ endpoint: RedisEndpoint, of address: RedisAddress) throws(RedisFailure) {
        let information = try RedisInformation.ask(endpoint, of: address)
        isCluster = information.isCluster
        guard isCluster else {
            slots = RedisSlots(allAt: endpoint)
            objection = information.objection(at: address)
            nodes = [(endpoint, information)]
            return
        }
        slots = try RedisSlots.ask(endpoint, of: address)
        // One that is away may be replaced by a replica a moment later.
        nodes = slots.endpoints.compactMap { master in
            (try? RedisInformation.ask(master, of: address)).map { (master, $0) }
        }
        objection = ([information] + nodes.map(\.information)).compactMap { $0.objection(at: address) }.first
    }

    /// What may lose tasks or refuse writes, for a store whose writes so many replicas have to confirm.
    func warnings(replicaCount: Int) -> [Warning] {
        nodes.flatMap { endpoint, information in
            var warnings: [Warning] = []
            if let policy = information.evictionPolicy {
                warnings.append(
                    Warning(
                        sentence: "Redis may evict tasks that are still needed",
                        metadata: [
                            "node": "\(endpoint)", "maxmemory-policy": "\(policy)",
                            "advice": "Set maxmemory-policy to noeviction.",
                        ]
                    )
                )
            }
            if information.replicaCount < replicaCount {
                warnings.append(
                    Warning(
                        sentence: "Redis has fewer replicas than have to confirm a write",
                        metadata: [
                            "node": "\(endpoint)", "replicas": .stringConvertible(information.replicaCount),
                            "needed": .stringConvertible(replicaCount),
                            "advice": "Start replicas, or wait for fewer; writes fail until then.",
                        ]
                    )
                )
            }
            return warnings
        }
    }
}

internal import FoundationEssentials
package import Taskwire

/// The owners that have tasks, by when a sweeper should look at them next.
///
/// On a Redis Cluster they are in 64 parts, each in a slot near those of its owners, so that they are usually on the same
/// node, and no node has all the work or takes the others' owners with it. No command changes a part and what an owner has
/// together, so the order of the two is what keeps an owner from being lost, whatever dies in between:
///
/// - An owner is announced before the first task is stored. Who is announced and has nothing is only looked at in vain.
/// - Who has something is looked at each minute, however far off the next due time is thought to be.
/// - Who has nothing is looked at again a minute later, and goes if nothing was announced meanwhile: the score ends with
///   half a millisecond in that minute, and an announcement takes that away. No write is tried for as long.
/// - Who writes is announced once a minute, in case Redis lost its owners in a failover.
package struct RedisOwners: Sendable {
    /// An owner whom a sweeper should look at.
    package struct Look {
        let owner: String
        let part: String
        /// When, as Redis has it.
        let score: String

        /// Whether there was nothing at the last look.
        fileprivate var isLast: Bool { score.hasSuffix(RedisOwners.lastMark) }
    }

    /// What there is at an owner.
    package enum Finding {
        /// The next task is due then.
        case due(Int64)
        /// Nothing that time changes.
        case quiet
        /// Nothing at all.
        case nothing
    }

    /// No owner is left alone for longer, in milliseconds.
    private static let longestLook: Int64 = 60_000
    private static let lastMark = ".5"

    private let calls: RedisCalls
    /// Where owners are announced, by the upper bits of their slot.
    private let parts: [String]
    /// Where owners may be.
    private let allParts: [String]

    package init(calls: RedisCalls) {
        self.calls = calls
        parts = calls.isCluster ? Self.clusterParts : [RedisKeys.owners]
        // What was in a single Redis may have been moved to a Cluster.
        allParts = parts.contains(RedisKeys.owners) ? parts : parts + [RedisKeys.owners]
    }

    /// The command that tells sweepers of an owner whom they should look at by a moment, in Unix milliseconds.
    package func announcement(of owner: String, at look: Int64) -> RedisCommand {
        let slot = RedisSlots.slot(of: Data(RedisKeys(owner: owner).owner.utf8))
        let part = parts[slot * parts.count / RedisSlots.count]
        var command = RedisCommand(.announce, keys: [part], [.text(owner), .number(look)])
        command.isWrite = true
        return command
    }

    /// When a sweeper should look at an owner at the latest, in Unix milliseconds.
    static func latestLook(after moment: Timestamp) -> Int64 {
        moment.millisecondsSince1970 + longestLook
    }

    /// Up to `limit` owners whom a sweeper should look at by now, the earliest first, as far as Redis answers.
    /// - Parameter skipped: How many to leave out in each part.
    /// - Throws: ``RedisFailure``, where no part can be read.
    package func looks(atOrBefore moment: Timestamp, skipping skipped: [String: Int], limit: Int)
        async throws(RedisFailure) -> [Look]
    {
        let commands = allParts.map { part in
            RedisCommand(
                "ZRANGEBYSCORE",
                part,
                "-inf",
                .number(moment.millisecondsSince1970),
                "WITHSCORES",
                "LIMIT",
                .number(skipped[part] ?? 0),
                .number(limit)
            )
        }
        let results = await calls.runWhereAvailable(commands)
        let replies = results.map { try? $0.get() }
        if let first = results.first, replies.allSatisfy({ $0 == nil }) { _ = try first.get() }
        var looks: [(look: Look, moment: Double)] = []
        for (part, reply) in zip(allParts, replies) {
            let elements = reply?.elements ?? []
            for index in stride(from: 0, to: elements.count - 1, by: 2) {
                guard let owner = elements[index].text, let score = elements[index + 1].text else { continue }
                looks.append((Look(owner: owner, part: part, score: score), Double(score) ?? 0))
            }
        }
        looks.sort { $0.moment < $1.moment }
        return looks.prefix(limit).map(\.look)
    }

    /// The command that says when to look at an owner next, after a look at `moment`.
    package func next(_ look: Look, _ finding: Finding, _ moment: Timestamp) -> RedisCommand {
        let latest = Self.latestLook(after: moment)
        let next: String =
            switch finding {
            case .due(let due): String(min(due, latest))
            case .quiet: String(latest)
            case .nothing: look.isLast ? "" : "\(latest)\(Self.lastMark)"
            }
        return RedisCommand(.look, keys: [look.part], [.text(look.owner), .text(look.score), .text(next)])
    }

    /// All owners.
    package func all() async throws(RedisFailure) -> [String] {
        let replies = try await calls.run(allParts.map { RedisCommand("ZRANGE", $0, "0", "-1") })
        // Not as strings, some of which count as equal though their bytes are not.
        let owners = Set(replies.flatMap { $0.elements ?? [] }.compactMap(\.data))
        return owners.map { String(decoding: $0, as: UTF8.self) }
    }

    /// For each 64th part of the slots the first name that falls into it.
    private static let clusterParts: [String] = {
        var parts = [String?](repeating: nil, count: 64)
        var number = 0
        while parts.contains(nil) {
            let name = RedisKeys.owners(part: number)
            let part = RedisSlots.slot(of: Data(name.utf8)) * parts.count / RedisSlots.count
            if parts[part] == nil { parts[part] = name }
            number += 1
        }
        return parts.compactMap { $0 }
    }()
}

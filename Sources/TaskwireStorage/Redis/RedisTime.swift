internal import Logging
internal import Synchronization
internal import Taskwire

/// The clock of a Redis, by which every process judges that uses it (`TIME`).
///
/// Redis is asked once a second while there are calls, and between two answers this machine's steady clock goes on. What was
/// passed since the question bounds how far an answer can be off, and an answer that agrees within that changes nothing.
/// On a Redis Cluster it is the clock of the node that has ``RedisKeys/time``.
final class RedisTime: Sendable {
    private static let interval: Int64 = 1000
    /// From this difference on people are told, in milliseconds.
    private static let notableDifference: Int64 = 1000

    private let calls: RedisCalls
    private let clock: any TaskClock
    private let logger: Logger
    /// When Redis was asked last, by the steady clock.
    private let askedAt: Atomic<Int64>
    /// How far Redis is ahead of the steady clock, in milliseconds.
    private let lead = Atomic<Int64>(0)
    /// How far this machine's wall clock is ahead of Redis, in milliseconds.
    private let wallLead = Atomic<Int64>(0)

    init(of calls: RedisCalls, clock: any TaskClock, logger: Logger) {
        self.calls = calls
        self.clock = clock
        self.logger = logger
        askedAt = Atomic(clock.now.millisecondsSince1970)
    }

    /// Whether this machine's wall clock is that of Redis.
    var healthCheck: HealthCheck {
        let lead = wallLead.load(ordering: .relaxed)
        guard Self.isNotable(lead) else { return HealthCheck(name: HealthCheck.clock, isOK: true) }
        let message =
            "This machine's clock is \(lead.magnitude) ms \(lead > 0 ? "ahead of" : "behind") that of Redis"
        return HealthCheck(name: HealthCheck.clock, isOK: false, message: message)
    }

    /// What Redis's clock shows at a moment. Asks it where that was a while ago.
    func time(at instant: TaskInstant) -> TaskInstant {
        let steady = instant.steady.millisecondsSince1970
        let last = askedAt.load(ordering: .relaxed)
        if steady - last >= Self.interval,
            askedAt.compareExchange(expected: last, desired: steady, ordering: .relaxed).exchanged
        {
            let before = clock.instant
            calls.submit(Self.question) { [weak self] result in
                if let reply = try? result.get() { self?.note(reply, before) }
            }
        }
        let time = instant.steady.adding(milliseconds: lead.load(ordering: .relaxed))
        return TaskInstant(steady: time, wall: time)
    }

    /// Asks Redis for the first time.
    /// - Throws: ``RedisFailure``
    func ask() async throws(RedisFailure) {
        let before = clock.instant
        note(try await calls.run(Self.question), before)
    }

    private static var question: RedisCommand { RedisCommand(.time, keys: [RedisKeys.time], []) }

    /// Takes an answer into account.
    /// - Parameter before: When Redis was asked.
    private func note(_ reply: RedisReply, _ before: TaskInstant) {
        guard let parts = reply.elements, parts.count == 2,
            let seconds = parts[0].text.flatMap({ Int64($0) }),
            let microseconds = parts[1].text.flatMap({ Int64($0) })
        else { return }
        let time = Timestamp(millisecondsSince1970: seconds &* 1000 &+ microseconds / 1000)
        let after = clock.instant
        // All of them are whole milliseconds.
        let (least, most) = (
            time.milliseconds(since: after.steady) - 1, time.milliseconds(since: before.steady) + 1
        )
        let known = lead.load(ordering: .relaxed)
        if !(least...max(least, most)).contains(known) {
            lead.store((least + most) / 2, ordering: .relaxed)
            // Time that nobody lived through is none in which a worker could have renewed its lease.
            if least - known >= Self.notableDifference { calls.noteReturn() }
        }
        note(wallLead: after.wall.milliseconds(since: time) - (most - least) / 2)
    }

    private func note(wallLead lead: Int64) {
        let last = wallLead.exchange(lead, ordering: .relaxed)
        let (isNotable, wasNotable) = (Self.isNotable(lead), Self.isNotable(last))
        guard isNotable != wasNotable else { return }
        let metadata: Logger.Metadata = ["clock_difference_ms": "\(lead)"]
        if isNotable {
            logger.warning(
                """
                this machine's clock and that of Redis differ by more than a second; tasks go by that of Redis: \
                have both set by the same time service
                """,
                metadata: metadata
            )
        } else {
            logger.info("this machine's clock and that of Redis agree again", metadata: metadata)
        }
    }

    private static func isNotable(_ lead: Int64) -> Bool { lead.magnitude > notableDifference.magnitude }
}

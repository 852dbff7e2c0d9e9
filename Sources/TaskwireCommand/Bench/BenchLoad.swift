internal import Taskwire
internal import TaskwireClient

/// What a run does.
struct BenchLoad: Sendable {
    /// When a load is over.
    enum Extent: Sendable {
        /// After so many operations of all callers together.
        case count(Int)
        /// After this time; operations that have begun are done to their end.
        case duration(Duration)
        /// After each caller has waited for this long and was woken.
        case hold(Duration)
    }

    let mix: BenchMix
    let callerCount: Int
    let payload: Payload
    /// Tasks beside those of the callers.
    let taskCount: Int
    let warmUp: Duration
    let extent: Extent

    /// Makes the load and returns what came of it.
    /// - Parameters:
    ///   - clients: One for each connection, which the callers share evenly.
    ///   - changer: Makes the changes that callers wait for; `nil`: the client that waits.
    /// - Throws: `CancellationError` when the Swift task was cancelled, and why the tasks that the callers need
    ///   could not be made.
    func run(
        _ clients: [TaskwireClient],
        changer: TaskwireClient?,
        tasks: BenchTasks
    ) async throws -> BenchReport {
        let population = try await tasks.create(count: taskCount)
        var callers = (0..<callerCount).map { index in
            let client = clients[index % clients.count]
            return BenchCaller(
                self,
                client: client,
                changer: changer ?? client,
                tasks: tasks,
                population: population
            )
        }
        callers = try await Self.atOnce(callers) { try await $0.prepare() }

        let wakingUp: ContinuousClock.Instant?
        if case .hold(let hold) = extent {
            wakingUp = .now + hold
        } else {
            wakingUp = nil
            let quota = BenchQuota(duration: warmUp)
            let tally = BenchTally()
            callers = try await Self.atOnce(callers) { await $0.run(quota, counting: tally) }
        }
        let tally = BenchTally()
        let quota = quota
        let start = wakingUp ?? .now
        _ = try await Self.atOnce(callers) { await $0.run(quota, counting: tally, changingAt: wakingUp) }
        let duration = ContinuousClock.now - start
        try Task.checkCancellation()
        return BenchReport(load: self, duration: duration, counts: tally.counts)
    }

    /// What the run may take, but for the making of its tasks; a day where it ends by a count, however slow the
    /// server is.
    var expectedDuration: Duration {
        switch extent {
        case .count: .seconds(86_400)
        case .duration(let duration): warmUp + duration
        case .hold(let hold): hold
        }
    }

    /// How many calls one operation makes.
    var callsPerOperation: Int {
        // A wait that is held needs nothing that tells that it waits.
        if case .hold = extent { mix.callsPerOperation - 1 } else { mix.callsPerOperation }
    }

    /// What there is to do after the warming up, from now on.
    private var quota: BenchQuota {
        switch extent {
        case .count(let count): BenchQuota(count: count)
        case .duration(let duration): BenchQuota(duration: duration)
        case .hold: BenchQuota(count: callerCount)
        }
    }

    /// Children of one group at most: a group takes the longer to let one go the more it has.
    private static let maxGroupCount = 128

    /// Has all callers do `work` at the same time, and returns them as they are afterwards.
    private static func atOnce(
        _ callers: [BenchCaller],
        _ work: @escaping @Sendable (inout BenchCaller) async throws -> Void
    ) async throws -> [BenchCaller] {
        try await withThrowingTaskGroup { group in
            if callers.count > maxGroupCount {
                for start in stride(from: 0, to: callers.count, by: maxGroupCount) {
                    let part = Array(callers[start...].prefix(maxGroupCount))
                    group.addTask { try await atOnce(part, work) }
                }
            } else {
                for caller in callers {
                    group.addTask(executorPreference: TaskwireClient.executor) {
                        var caller = caller
                        try await work(&caller)
                        return [caller]
                    }
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
    }
}

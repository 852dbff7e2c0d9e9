internal import Taskwire
internal import TaskwireClient

/// The callers of one run.
struct BenchLoad: Sendable {
    let mix: BenchMix
    let callerCount: Int
    let payload: Payload
    let warmUp: Duration
    /// Makes what there is to do after the warming up, when that begins.
    let quota: @Sendable () -> BenchQuota

    /// Makes the load and returns what came of it.
    /// - Throws: `CancellationError` when the Swift task was cancelled, and why the tasks that the callers need
    ///   could not be made.
    func run(_ client: TaskwireClient, tasks: BenchTasks) async throws -> BenchReport {
        let caller = BenchCaller(mix: mix, client: client, tasks: tasks, payload: payload)
        var callers = try await Self.atOnce(Array(repeating: caller, count: callerCount)) {
            try await $0.prepare()
        }
        let warmUpQuota = BenchQuota(duration: warmUp)
        callers = try await Self.atOnce(callers) { await $0.run(warmUpQuota) }
        for index in callers.indices { callers[index].tally = BenchTally() }

        let quota = quota()
        let start = ContinuousClock.now
        callers = try await Self.atOnce(callers) { await $0.run(quota) }
        let duration = ContinuousClock.now - start
        try Task.checkCancellation()

        var tally = BenchTally()
        for caller in callers { tally.add(caller.tally) }
        return BenchReport(
            mix: mix,
            callerCount: callerCount,
            payloadSize: payload.data.count,
            duration: duration,
            tally: tally
        )
    }

    /// Has all callers do `work` at the same time, and returns them as they are afterwards.
    private static func atOnce(
        _ callers: [BenchCaller],
        _ work: @escaping @Sendable (inout BenchCaller) async throws -> Void
    ) async throws -> [BenchCaller] {
        try await withThrowingTaskGroup { group in
            for caller in callers {
                group.addTask {
                    var caller = caller
                    try await work(&caller)
                    return caller
                }
            }
            var done: [BenchCaller] = []
            for try await caller in group { done.append(caller) }
            return done
        }
    }
}

internal import Synchronization

extension TaskEngine {
    private static var sweepInterval: Int64 { 1000 }
    private static var sweepStep: Int { 64 }
    private static var backlogSteps: Int { 16 }

    /// Brings what is overdue up to date, and wakes those who wait for it.
    ///
    /// Reads and mutations never depend on it; it gives back the memory of tasks that nobody asks for any more. It also
    /// notices when the process did not run for a while, after which each lease has the time of one renewal.
    /// Runs until the Swift task is cancelled, in steps of a bounded size.
    /// - Parameter report: Called with each error of the storage, after which it goes on.
    public func run(report: @Sendable (any Error) -> Void = { _ in }) async {
        async let watch: Void = core.clock.watchForGaps()
        await sweep(report)
        await watch
    }

    private func sweep(_ report: @Sendable (any Error) -> Void) async {
        while !Task.isCancelled {
            do {
                let isBehind = try await sweepStep() == Self.sweepStep
                if isBehind {
                    await Task.yield()
                    continue
                }
            } catch {
                report(error)
            }
            let next = core.clock.now.adding(milliseconds: Self.sweepInterval)
            try? await core.clock.sleep(until: next)
        }
    }

    /// True if ``sweepIfDue()`` has something to do.
    var isSweepDue: Bool { core.nextSweep.withLock { $0 <= core.clock.now } }

    /// One step, where none was made for a second or the last one was not enough: so that a store which nobody
    /// runs keeps its memory bounded.
    func sweepIfDue() async {
        let now = core.clock.now
        let isDue = core.nextSweep.withLock { next in
            guard next <= now else { return false }
            next = now.adding(milliseconds: Self.sweepInterval)
            return true
        }
        // What the storage cannot do now is no fault of the call that came by.
        guard isDue, (try? await sweepStep()) == Self.sweepStep else { return }
        core.nextSweep.withLock { $0 = now }
    }

    /// A bounded number of steps, in which the tasks of one owner get their turn among those of others. Returns whether
    /// anything was overdue.
    func sweepBacklog() async -> Bool {
        var isOverdue = false
        for _ in 0..<Self.backlogSteps {
            guard let count = try? await sweepStep(), count > 0 else { break }
            isOverdue = true
            if count < Self.sweepStep { break }
        }
        return isOverdue
    }

    /// Brings up to 64 overdue records up to date, all at once, and returns how many.
    /// - Throws: What the storage throws where none of them could be. Fewer do not hold up the others.
    package func sweepStep() async throws -> Int {
        let now = core.now
        let core = core
        let keys = try await core.storage.due(atOrBefore: now.steady, limit: Self.sweepStep)
        let failures = await withTaskGroup(of: (any Error)?.self) { group in
            for key in keys {
                group.addImmediateTask {
                    do {
                        let changes = try await core.storage.mutate(key) { record, _ in
                            core.settle(&record, at: now)
                        }
                        core.waiters.wake(key)
                        core.tell(changes)
                        return nil
                    } catch {
                        return error
                    }
                }
            }
            var failures: [any Error] = []
            for await case let failure? in group { failures.append(failure) }
            return failures
        }
        if let failure = failures.first, failures.count == keys.count { throw failure }
        return keys.count
    }
}

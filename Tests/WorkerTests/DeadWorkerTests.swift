import Subprocess
import Taskwire
import TaskwireClient
import TaskwireTestSupport
import Testing

extension WorkerTests {
    @Suite("Workers that die")
    struct DeadWorkerTests {
        /// Seconds of a lease that is to run out.
        private static let lease = 2
        /// In how many milliseconds after a worker's end its task has to be somebody's again.
        private static let bound = Int64(lease * 1000 + 1000)

        /// Kills a worker at some moment between two renewals, and returns when.
        private static func kill(_ worker: WorkerProcess) async throws -> Timestamp {
            try await Task.sleep(for: .seconds(Double.random(in: 0...Double(lease))))
            return try worker.kill()
        }

        /// Expects that those who wait were told in time.
        ///
        /// The moment of a loss, and of the claim after it, are the server's, which has this machine's clock. When a process
        /// that waits gets to run is up to the machine, so the median has to keep the bound and each only the time limit.
        private static func expectInTime(
            _ milliseconds: [Int64],
            sourceLocation: SourceLocation = #_sourceLocation
        ) throws {
            let median = try #require(milliseconds.median, sourceLocation: sourceLocation)
            #expect(median <= bound, "\(milliseconds)", sourceLocation: sourceLocation)
        }

        @Test
        func aWorkerThatIsKilledLeavesItsTaskFailed() async throws {
            try await Site.open { site in
                let waits = try await withThrowingTaskGroup(of: Int64.self) { group in
                    for _ in 0..<5 {
                        group.addTask {
                            let task = try await site.order(.hang)
                            var killedAt = Timestamp.now
                            try await site.work(on: [task], as: "w", lease: Self.lease) { worker in
                                _ = try await worker.first(.started)
                                killedAt = try await Self.kill(worker)
                            }
                            let outcome = try await site.client.waitForResult(task, timeout: .seconds(60))
                            let toldAt = Timestamp.now
                            #expect(outcome.task.status == .failed)
                            #expect(outcome.error?.message == "worker lost")
                            #expect(outcome.task.revision == 3, "created, claimed, lost")
                            let lostAt = outcome.task.lastUpdatedAt
                            #expect(lostAt.milliseconds(since: killedAt) <= Self.bound)
                            return toldAt.milliseconds(since: killedAt)
                        }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                try Self.expectInTime(waits)
            }
        }

        @Test
        func aWorkerThatIsKilledLeavesItsTaskToAnother() async throws {
            try await Site.open { site in
                let waits = try await withThrowingTaskGroup(of: Int64.self) { group in
                    for _ in 0..<3 {
                        group.addTask { try await Self.waitOfTheSecondWorker(at: site) }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                try Self.expectInTime(waits)
            }
        }

        /// Kills a worker that waits for an answer, which its successor gets. Returns how many milliseconds later that one
        /// had the task.
        private static func waitOfTheSecondWorker(at site: Site) async throws -> Int64 {
            let task = try await site.order(.ask, isRepeatable: true)
            var killedAt = Timestamp.now
            var claim: WorkerEvent?
            try await site.work(on: [task], as: "first", lease: lease) { first in
                _ = try await site.task(task) { $0.status == .inputRequired }
                try await site.work(on: [task], as: "second", lease: lease) { second in
                    _ = try await second.first(.held)
                    killedAt = try await kill(first)
                    claim = try await second.first(.started)
                    let answers = ["question": Payload(text: "yes")]
                    let receipt = try await site.client.provideInput(answers, for: task)
                    #expect(receipt.acceptedKeys == ["question"])
                }
            }
            let outcome = try await site.client.getResult(task)
            let claimRevision = try #require(claim?.revision)
            #expect(
                try outcome.report
                    == WorkReport(worker: "second", claimRevision: claimRevision, answer: "yes")
            )
            #expect(outcome.task.revision == 7, "created, claimed, asked, lost, claimed, answered, completed")
            let claimedAt = try #require(claim?.lastUpdatedAt)
            return claimedAt.milliseconds(since: killedAt)
        }

        /// Who has the task that a zombie believes to be its own.
        enum Successor: CaseIterable, Sendable {
            case nobody
            case oneAtWork
            case oneThatIsDone
        }

        @Test(arguments: Successor.allCases)
        func aStoppedWorkerIsAZombie(_ successor: Successor) async throws {
            try await Site.open { site in
                let task = try await site.order(.stubborn, isRepeatable: successor != .nobody)
                let next = try await site.order(.complete)
                var before: TaskState?
                try await site.work(on: [task, next], as: "zombie", lease: 1) { zombie in
                    _ = try await zombie.first(.started)
                    try zombie.stop()
                    _ = try await site.task(task) { $0.lease == nil && $0.revision > 1 }
                    try await Self.take(task, successor, at: site)
                    before = try await site.client.getTask(task, view: .full)
                    try zombie.resume()
                    let refusal = try await zombie.first(.refused, of: task)
                    let expected: TaskwireError.Reason =
                        successor == .oneAtWork ? .leaseLost : .taskTerminal
                    #expect(refusal.reason == expected.rawValue)
                    _ = try await zombie.first(.left, of: task)
                }
                #expect(try await site.client.getTask(task, view: .full) == before)
                #expect(try await site.client.getTask(next).status == .completed, "it goes on")
            }
        }

        private static func take(_ taskID: String, _ successor: Successor, at site: Site) async throws {
            guard successor != .nobody else { return }
            let claim = try await site.client.claimTask(taskID, worker: "next", lease: .seconds(600))
            guard successor == .oneThatIsDone else { return }
            _ = try await site.client.completeTask(
                taskID,
                result: .sample("another's"),
                leaseToken: claim.leaseToken
            )
        }

        @Test
        func aRestartedServerKeepsItsLeases() async throws {
            try await Site.run { site in
                try await site.server.run { _ = try await site.order(.ask, isRepeatable: true, id: "t") }
                try await site.work(on: ["t"], as: "w", lease: 5) { worker in
                    try await site.server.run {
                        _ = try await site.task("t") { $0.status == .inputRequired }
                    }
                    try await site.server.run {
                        // After a renewal by the second server.
                        let lease = try #require(try await site.client.getTask("t").lease)
                        try await Self.untilRenewed("t", beyond: lease.expiresAt, at: site)
                        let answers = ["question": Payload(text: "yes")]
                        _ = try await site.client.provideInput(answers, for: "t")
                        let outcome = try await site.client.waitForResult("t")
                        let report = WorkReport(worker: "w", claimRevision: 2, answer: "yes")
                        #expect(try outcome.report == report)
                        #expect(outcome.task.revision == 5, "created, claimed, asked, answered, completed")
                        _ = try await worker.first(.left)
                    }
                }
            }
        }

        /// Returns as soon as the lease lasts longer than until `moment`. Renewals wake nobody, so it looks again and again.
        private static func untilRenewed(
            _ taskID: String,
            beyond moment: Timestamp,
            at site: Site
        ) async throws {
            while let lease = try await site.client.getTask(taskID).lease, lease.expiresAt <= moment {
                try await Task.sleep(for: .milliseconds(20))
            }
        }

        @Test
        func aRestartedServerGivesWorkersTheTimeOfOneRenewal() async throws {
            try await Site.run { site in
                try await site.server.run { _ = try await site.order(.hang, id: "t") }
                try await site.work(on: ["t"], as: "w", lease: Self.lease) { worker in
                    try await site.server.run { _ = try await worker.first(.started) }
                    try worker.kill()
                }
                // Until the lease has run out, whenever it was renewed last.
                try await Task.sleep(for: .seconds(Self.lease))
                let restartedAt = Timestamp.now
                try await site.server.run(endedBy: .terminate) {
                    let upAt = try await site.client.ping()
                    let outcome = try await site.client.waitForResult("t", timeout: .seconds(60))
                    #expect(outcome.error?.message == "worker lost")
                    let lostAt = outcome.task.lastUpdatedAt
                    let renewal = Int64(Self.lease * 1000 / 3)
                    #expect(lostAt.milliseconds(since: restartedAt) >= renewal)
                    #expect(lostAt.milliseconds(since: upAt) <= renewal)
                }
            }
        }
    }
}

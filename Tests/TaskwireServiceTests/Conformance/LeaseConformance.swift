import Taskwire
import TaskwireTestSupport
import Testing

@Suite("Conformance: leases")
struct LeaseConformance {
    /// A change that only the holder of the lease may make.
    struct WorkerStep: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var send: @Sendable (any TaskStore, String, [UInt8]) async throws -> TaskState
    }

    static let workerSteps = [
        WorkerStep(testDescription: "update") { store, id, token in
            try await store.updateTask(id, statusMessage: "changed", leaseToken: token)
        },
        WorkerStep(testDescription: "status") { store, id, token in
            try await store.updateTask(id, status: .failed, leaseToken: token)
        },
        WorkerStep(testDescription: "storeResult") { store, id, token in
            try await store.storeResult(.sample("r"), for: id, leaseToken: token)
        },
        WorkerStep(testDescription: "complete") { store, id, token in
            try await store.completeTask(id, result: .sample("r"), leaseToken: token)
        },
        WorkerStep(testDescription: "fail") { store, id, token in
            try await store.failTask(id, error: TaskError(message: "e"), leaseToken: token)
        },
        WorkerStep(testDescription: "enqueue") { store, id, token in
            try await store.enqueueMessage(.sample("m"), kind: .notification, for: id, leaseToken: token)
        },
        WorkerStep(testDescription: "requestInput") { store, id, token in
            try await store.requestInput("k", payload: .sample("q"), for: id, leaseToken: token)
        },
        WorkerStep(testDescription: "renew") { store, id, token in
            try await store.renewLease(id, leaseToken: token)
        },
        WorkerStep(testDescription: "release") { store, id, token in
            try await store.releaseLease(id, leaseToken: token)
        },
    ]

    @Test(arguments: StoreUnderTest.allCases)
    func aClaimGivesTheLeaseToOneWorker(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask()
            let claim = try await subject.store.claimTask(task.id, worker: "w-1", lease: .seconds(20))
            #expect(claim.leaseToken.count == 16)
            #expect(claim.task.revision == task.revision + 1)
            let lease = try #require(claim.task.lease)
            #expect(lease.worker == "w-1")
            #expect(lease.expiresAt.milliseconds(since: subject.clock.now) == 20_000)
            #expect(try await subject.store.getTask(task.id) == claim.task)

            for worker in ["w-2", "w-1"] {
                let refusal = try await expectRefusal(.failedPrecondition, .leaseHeld) {
                    try await subject.store.claimTask(task.id, worker: worker)
                }
                #expect(refusal.task == claim.task)
                #expect(refusal.message.contains("w-1"))
            }
        }
    }

    @Test(arguments: StoreUnderTest.allCases, workerSteps)
    func aClaimedTaskTakesChangesFromItsHolderAlone(_ kind: StoreUnderTest, _ step: WorkerStep) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask()
            let claim = try await subject.store.claimTask(task.id, worker: "w")
            for token in [[], [1, 2, 3], [UInt8](repeating: 0, count: 16)] {
                let refusal = try await expectRefusal(.failedPrecondition, .leaseLost) {
                    try await step.send(subject.store, task.id, token)
                }
                #expect(refusal.task == claim.task)
                #expect(refusal.message.contains("lease_token"))
            }
            #expect(try await subject.store.getTask(task.id, view: .full) == claim.task, "nothing changed")
            #expect(try await subject.store.peekMessage(task.id).message == nil)
            _ = try await step.send(subject.store, task.id, claim.leaseToken)
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func cancellationNeedsNoToken(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask()
            _ = try await subject.store.claimTask(task.id, worker: "w")
            #expect(try await subject.store.cancelTask(task.id, mode: .request).lease?.worker == "w")
            let cancelled = try await subject.store.cancelTask(task.id)
            #expect(cancelled.status == .cancelled)
            #expect(cancelled.lease == nil)
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func aZombiesChangesAreRefusedAndLeaveNoTrace(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            for onLoss in LeaseLossPolicy.allCases {
                for step in Self.workerSteps {
                    let task = try await subject.store.createTask()
                    let zombie = try await subject.store.claimTask(task.id, worker: "zombie", onLoss: onLoss)
                    subject.clock.advance(by: .seconds(30))
                    let before = try await subject.store.getTask(task.id, view: .full)
                    let refusal = await #expect(throws: TaskwireError.self) {
                        try await step.send(subject.store, task.id, zombie.leaseToken)
                    }
                    #expect(refusal?.code == .failedPrecondition)
                    #expect(try await subject.store.getTask(task.id, view: .full) == before)

                    guard onLoss == .release else { continue }
                    let next = try await subject.store.claimTask(task.id, worker: "next")
                    #expect(next.leaseToken != zombie.leaseToken)
                    try await expectRefusal(.failedPrecondition, .leaseLost) {
                        try await step.send(subject.store, task.id, zombie.leaseToken)
                    }
                    #expect(try await subject.store.getTask(task.id, view: .full) == next.task)
                    #expect(try await subject.store.peekMessage(task.id).message == nil)
                }
            }
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func aLostWorkerFailsItsTaskByDefault(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask()
            let claim = try await subject.store.claimTask(task.id, worker: "w", lease: .seconds(5))
            async let outcome = subject.store.awaitResult(
                AwaitResultRequest(taskID: task.id),
                options: .default
            )
            await subject.clock.untilSleeping(for: .seconds(5))
            subject.clock.advance(by: .milliseconds(4999))
            #expect(try await subject.store.getTask(task.id) == claim.task)
            subject.clock.advance(by: .milliseconds(1))
            let lost = try await outcome
            #expect(lost.task.status == .failed)
            #expect(lost.task.statusMessage == "worker lost")
            #expect(lost.task.lease == nil)
            #expect(
                lost.error
                    == TaskError(
                        code: -32603,
                        message: "worker lost",
                        data: Array(#"{"reason":"LEASE_LOST"}"#.utf8)
                    )
            )
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func aLostWorkersTaskIsClaimableWhereItIsToBeReleased(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask()
            let claim = try await subject.store.claimTask(task.id, worker: "w-1", onLoss: .release)
            async let change = subject.store.waitTask(
                WaitTaskRequest(taskID: task.id, afterRevision: claim.task.revision),
                options: .default
            )
            await subject.clock.untilSleeping(for: .seconds(30))
            subject.clock.advance(by: .seconds(30))
            let released = try await change.task
            #expect(released.status == .working)
            #expect(released.lease == nil)
            #expect(released.revision == claim.task.revision + 1)
            let next = try await subject.store.claimTask(task.id, worker: "w-2")
            let done = try await subject.store.completeTask(
                task.id,
                result: .sample("x"),
                leaseToken: next.leaseToken
            )
            #expect(done.status == .completed)
            #expect(done.lease == nil)
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func aRenewalKeepsTheLeaseAndIsNoChange(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask()
            let claim = try await subject.store.claimTask(task.id, worker: "w", lease: .seconds(10))
            subject.clock.advance(by: .seconds(9))
            let renewed = try await subject.store.renewLease(task.id, leaseToken: claim.leaseToken)
            #expect(renewed.revision == claim.task.revision)
            #expect(renewed.lastUpdatedAt == claim.task.lastUpdatedAt)
            #expect(renewed.lease?.expiresAt.milliseconds(since: subject.clock.now) == 10_000)
            subject.clock.advance(by: .seconds(9))
            let longer = try await subject.store.renewLease(
                task.id,
                leaseToken: claim.leaseToken,
                lease: .seconds(60)
            )
            #expect(longer.lease?.expiresAt.milliseconds(since: subject.clock.now) == 60_000)
            subject.clock.advance(by: .seconds(59))
            let asLong = try await subject.store.renewLease(task.id, leaseToken: claim.leaseToken)
            #expect(asLong.lease?.expiresAt.milliseconds(since: subject.clock.now) == 60_000)
            #expect(try await subject.store.getTask(task.id) == asLong)
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func aRenewalWakesNobody(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask()
            let claim = try await subject.store.claimTask(task.id, worker: "w", lease: .seconds(60))
            async let change = subject.store.waitTask(
                WaitTaskRequest(taskID: task.id, afterRevision: claim.task.revision, wait: .seconds(20)),
                options: .default
            )
            await subject.clock.untilSleeping(for: .seconds(20))
            let renewed = try await subject.store.renewLease(task.id, leaseToken: claim.leaseToken)
            subject.clock.advance(by: .seconds(20))
            #expect(try await change == TaskChange(task: renewed, isChanged: false))
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func aRenewalTellsOfCancellation(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask()
            let claim = try await subject.store.claimTask(task.id, worker: "w")
            _ = try await subject.store.cancelTask(task.id, mode: .request)
            #expect(
                try await subject.store.renewLease(task.id, leaseToken: claim.leaseToken).isCancelRequested
            )
            let cancelled = try await subject.store.cancelTask(task.id)
            let refusal = try await expectRefusal(.failedPrecondition, .leaseLost) {
                try await subject.store.renewLease(task.id, leaseToken: claim.leaseToken)
            }
            #expect(refusal.task == cancelled)
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func aHolderWhoseTaskWasCancelledIsToldSo(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            for step in Self.workerSteps where !["renew", "release"].contains(step.testDescription) {
                let task = try await subject.store.createTask()
                let claim = try await subject.store.claimTask(task.id, worker: "w")
                let cancelled = try await subject.store.cancelTask(task.id)
                // What a status message says may still be changed, but not by a worker of the past.
                let reason: TaskwireError.Reason =
                    step.testDescription == "update" ? .leaseLost : .taskTerminal
                let refusal = try await expectRefusal(.failedPrecondition, reason) {
                    try await step.send(subject.store, task.id, claim.leaseToken)
                }
                #expect(refusal.task == cancelled)
            }
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func aReleasedTaskIsClaimableAtOnce(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask()
            let claim = try await subject.store.claimTask(task.id, worker: "w-1")
            let released = try await subject.store.releaseLease(task.id, leaseToken: claim.leaseToken)
            #expect(released.lease == nil)
            #expect(released.status == .working)
            #expect(released.revision == claim.task.revision + 1)
            try await expectRefusal(.failedPrecondition, .leaseLost) {
                try await subject.store.releaseLease(task.id, leaseToken: claim.leaseToken)
            }
            #expect(try await subject.store.claimTask(task.id, worker: "w-2").task.lease?.worker == "w-2")
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func aTaskThatIsWorkedOnDoesNotExpire(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask(ttl: .seconds(10))
            let claim = try await subject.store.claimTask(
                task.id,
                worker: "w",
                lease: .seconds(8),
                onLoss: .release
            )
            for _ in 0..<3 {
                subject.clock.advance(by: .seconds(7))
                _ = try await subject.store.renewLease(task.id, leaseToken: claim.leaseToken)
            }
            #expect(try await subject.store.getTask(task.id).status == .working)
            subject.clock.advance(by: .seconds(8))
            let expired = try await subject.store.getTask(task.id, view: .full)
            #expect(expired.status == .failed, "nobody holds it, and its time was over long ago")
            #expect(expired.error?.data == Array(#"{"reason":"TASK_EXPIRED"}"#.utf8))
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func aTaskThatHasEndedCannotBeClaimed(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask()
            let ended = try await subject.store.completeTask(task.id, result: .sample("x"))
            let refusal = try await expectRefusal(.failedPrecondition, .taskTerminal) {
                try await subject.store.claimTask(task.id, worker: "w")
            }
            #expect(refusal.task == ended)
            try await expectRefusal(.notFound, .taskNotFound) {
                try await subject.store.claimTask("nowhere", worker: "w")
            }
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func aLeaseHasBoundsAndAName(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask()
            for lease in [Duration.zero, .milliseconds(999), .milliseconds(600_001), .seconds(-1)] {
                let refusal = try await expectRefusal(.invalidArgument, .invalidField) {
                    try await subject.store.claimTask(task.id, worker: "w", lease: lease)
                }
                #expect(refusal.message.contains("lease_ms"))
            }
            for worker in ["", String(repeating: "w", count: 257)] {
                let refusal = try await expectRefusal(.invalidArgument, .invalidField) {
                    try await subject.store.claimTask(task.id, worker: worker)
                }
                #expect(refusal.message.contains("worker"))
            }
            let worker = String(repeating: "w", count: 256)
            let claim = try await subject.store.claimTask(task.id, worker: worker, lease: .seconds(600))
            try await expectRefusal(.invalidArgument, .invalidField) {
                try await subject.store.renewLease(
                    task.id,
                    leaseToken: claim.leaseToken,
                    lease: .milliseconds(1)
                )
            }
            #expect(try await subject.store.getTask(task.id) == claim.task)
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func aRepeatedClaimReturnsTheSameToken(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask()
            let options = CallOptions(requestID: .random())
            let claim = try await subject.store.claimTask(task.id, worker: "w", options: options)
            _ = try await subject.store.updateTask(
                task.id,
                statusMessage: "since then",
                leaseToken: claim.leaseToken
            )
            #expect(try await subject.store.claimTask(task.id, worker: "w", options: options) == claim)
            subject.clock.advance(by: .seconds(30))
            #expect(
                try await subject.store.claimTask(task.id, worker: "w", options: options) == claim,
                "although the lease is lost since"
            )
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func aRepeatedRenewalOrReleaseIsAnsweredAsAtFirst(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let store = subject.store
            let task = try await store.createTask()
            let token = try await store.claimTask(task.id, worker: "w-1", lease: .seconds(10)).leaseToken
            let renewal = CallOptions(requestID: .random())
            let renewed = try await store.renewLease(task.id, leaseToken: token, options: renewal)
            subject.clock.advance(by: .seconds(5))
            #expect(try await store.renewLease(task.id, leaseToken: token, options: renewal) == renewed)
            #expect(try await store.getTask(task.id) == renewed, "the repeat gave no time")

            let release = CallOptions(requestID: .random())
            let released = try await store.releaseLease(task.id, leaseToken: token, options: release)
            let next = try await store.claimTask(task.id, worker: "w-2")
            #expect(try await store.releaseLease(task.id, leaseToken: token, options: release) == released)
            #expect(try await store.getTask(task.id) == next.task)
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func aListingShowsWhoWorks(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask()
            let claim = try await subject.store.claimTask(task.id, worker: "w", lease: .seconds(5))
            #expect(try await subject.store.listTasks().tasks == [claim.task])
            subject.clock.advance(by: .seconds(5))
            let failed = try await subject.store.listTasks(ListTasksRequest(statuses: [.failed])).tasks
            #expect(failed.map(\.statusMessage) == ["worker lost"])
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func ofManyClaimsAtOnceOneWins(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let store = subject.store
            for _ in 0..<20 {
                let task = try await store.createTask()
                let winners = try await withThrowingTaskGroup(of: [UInt8]?.self) { group in
                    for worker in 0..<8 {
                        group.addTask {
                            do {
                                return try await store.claimTask(task.id, worker: "w-\(worker)").leaseToken
                            } catch let error as TaskwireError {
                                #expect(error.reason == .leaseHeld)
                                return nil
                            }
                        }
                    }
                    var winners: [[UInt8]] = []
                    for try await case let token? in group { winners.append(token) }
                    return winners
                }
                #expect(winners.count == 1)
            }
        }
    }
}

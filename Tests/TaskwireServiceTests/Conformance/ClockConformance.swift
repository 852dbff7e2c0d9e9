import Taskwire
import TaskwireTestSupport
import Testing

/// Nothing that lasts is moved by somebody who sets the clock of the wall.
@Suite("Conformance: a wall clock that is set")
struct ClockConformance {
    /// By how much it is set.
    static let jumps: [Duration] = [.seconds(3600), .seconds(-3600)]

    @Test(arguments: StoreUnderTest.allCases, jumps)
    func aWaitLastsAsLong(_ kind: StoreUnderTest, _ jump: Duration) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask()
            async let change = subject.store.waitTask(
                WaitTaskRequest(taskID: task.id, afterRevision: 1, wait: .seconds(2)),
                options: .default
            )
            await subject.clock.untilSleeping(for: .seconds(2))
            subject.clock.setWallClock(ahead: jump)
            subject.clock.advance(by: .seconds(2))
            #expect(try await !change.isChanged)
        }
    }

    @Test(arguments: StoreUnderTest.allCases, jumps)
    func aLeaseLastsAsLong(_ kind: StoreUnderTest, _ jump: Duration) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask()
            let claim = try await subject.store.claimTask(task.id, worker: "w", lease: .seconds(30))
            subject.clock.advance(by: .seconds(10))
            subject.clock.setWallClock(ahead: jump)
            #expect(try await subject.store.getTask(task.id).lease?.worker == "w")
            let renewed = try await subject.store.renewLease(task.id, leaseToken: claim.leaseToken)
            #expect(renewed.lease?.expiresAt == subject.clock.instant.wall.adding(milliseconds: 30_000))
            subject.clock.advance(by: .milliseconds(29_999))
            #expect(try await subject.store.getTask(task.id).lease?.worker == "w")
            subject.clock.advance(by: .milliseconds(1))
            let lost = try await subject.store.getTask(task.id)
            #expect(lost.status == .failed && lost.statusMessage == "worker lost")
        }
    }

    @Test(arguments: StoreUnderTest.allCases, jumps)
    func aLifeLastsAsLong(_ kind: StoreUnderTest, _ jump: Duration) async throws {
        try await kind.run { subject in
            let task = try await subject.store.createTask(ttl: .seconds(60))
            subject.clock.setWallClock(ahead: jump)
            subject.clock.advance(by: .seconds(30))
            _ = try await subject.store.updateTask(task.id, statusMessage: "half of it")
            subject.clock.advance(by: .milliseconds(29_999))
            #expect(try await subject.store.getTask(task.id).status == .working)
            subject.clock.advance(by: .milliseconds(1))
            #expect(try await subject.store.getTask(task.id).status == .failed)
            subject.clock.setWallClock(ahead: jump)
            subject.clock.advance(by: .milliseconds(59_999))
            #expect(try await subject.store.getTask(task.id).status == .failed)
            subject.clock.advance(by: .milliseconds(1))
            try await expectRefusal(.notFound, .taskExpired) { try await subject.store.getTask(task.id) }
            subject.clock.setWallClock(ahead: jump)
            subject.clock.advance(by: .milliseconds(599_999))
            try await expectRefusal(.notFound, .taskExpired) { try await subject.store.getTask(task.id) }
            subject.clock.advance(by: .milliseconds(1))
            try await expectRefusal(.notFound, .taskNotFound) { try await subject.store.getTask(task.id) }
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func whatIsShownIsTheWallsAndNeverRunsBackwards(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            subject.clock.setWallClock(ahead: .seconds(3600))
            let task = try await subject.store.createTask()
            #expect(task.createdAt == subject.clock.instant.wall)
            subject.clock.setWallClock(ahead: .seconds(-3600))
            let updated = try await subject.store.updateTask(task.id, statusMessage: "set right")
            #expect(updated.createdAt == task.createdAt)
            #expect(updated.lastUpdatedAt == task.lastUpdatedAt)
            let next = try await subject.store.createTask()
            #expect(next.createdAt == subject.clock.instant.wall)
        }
    }
}

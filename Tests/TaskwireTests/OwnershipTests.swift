import Taskwire
import TaskwireTestSupport
import Testing

@Suite("Owners")
struct OwnershipTests {
    private static func refusal(_ body: () async throws -> some Any) async -> TaskwireError? {
        do {
            _ = try await body()
            return nil
        } catch {
            return error as? TaskwireError
        }
    }

    @Test
    func anotherOwnersTaskIsExactlyNotFound() async throws {
        let engine = TaskEngine(storage: MemoryStorage(), clock: ManualClock())
        let alice = engine.acting(for: "alice")
        let bob = engine.acting(for: "bob")
        let task = try await alice.createTask(id: "t")
        #expect(task.owner == "alice")

        let refusal = await Self.refusal { try await bob.getTask("t") }
        let unknown = TaskwireError(.notFound, .taskNotFound, "Task not found: t")
        #expect(refusal == unknown)
        #expect(await Self.refusal { try await bob.cancelTask("t") } == unknown)
        let payload = Payload.sample("x")
        let others: [() async throws -> Any] = [
            { try await bob.claimTask("t", worker: "w") },
            { try await bob.renewLease("t", leaseToken: []) },
            { try await bob.releaseLease("t", leaseToken: []) },
            { try await bob.enqueueMessage(payload, kind: .notification, for: "t") },
            { try await bob.dequeueMessage("t") },
            { try await bob.peekMessage("t") },
            { try await bob.clearMessages("t") },
            { try await bob.waitMessage(WaitMessageRequest(taskID: "t"), options: .default) },
            { try await bob.requestInput("k", payload: payload, for: "t") },
            { try await bob.provideInput(["k": payload], for: "t") },
            { try await bob.waitForInput("k", of: "t") },
        ]
        for other in others { #expect(await Self.refusal(other) == unknown) }
        #expect(try await bob.deleteTask("t") == false)
        #expect(try await bob.listTasks().tasks.isEmpty)
        #expect(try await alice.getTask("t") == task)
        #expect(try await bob.createTask(id: "t").owner == "bob", "ids are unique per owner only")
    }

    @Test
    func aCursorOfAnotherOwnerIsNoCursor() async throws {
        let engine = TaskEngine(storage: MemoryStorage(), clock: ManualClock())
        let alice = engine.acting(for: "alice")
        for _ in 0..<2 { _ = try await alice.createTask() }
        let cursor = try await alice.listTasks(ListTasksRequest(pageSize: 1)).nextCursor
        let refusal = await Self.refusal {
            try await engine.acting(for: "bob").listTasks(ListTasksRequest(cursor: cursor))
        }
        #expect(refusal?.reason == .invalidCursor)
    }
}

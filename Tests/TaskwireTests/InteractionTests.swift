import Taskwire
import TaskwireTestSupport
import Testing

@Suite("Messages and questions")
struct InteractionTests {
    @Test
    func aTaskAsksSoManyQuestionsInItsLifeAndNoMore() async throws {
        let clock = ManualClock()
        let store = TaskEngine(storage: MemoryStorage(), clock: clock)
        let task = try await store.createTask()
        for number in 0..<TaskLimits.maxInputRequestsInLife {
            _ = try await store.requestInput("q\(number)", payload: .sample("q"), for: task.id)
            _ = try await store.provideInput(["q\(number)": .sample("a")], for: task.id)
            clock.advance(by: .seconds(1))
        }
        let refusal = await #expect(throws: TaskwireError.self) {
            try await store.requestInput("one more", payload: .sample("q"), for: task.id)
        }
        #expect(refusal?.reason == .queueFull)
        #expect(refusal?.message.contains("1024") == true)
        _ = try await store.enqueueMessage(.sample("m"), kind: .notification, for: task.id)
        let first = try await store.waitForInput("q0", of: task.id)
        #expect(first == .sample("a"))
    }

    @Test
    func aRemovedTaskKeepsLittleOfWhatWasTaken() async throws {
        let store = TaskEngine(storage: MemoryStorage(), clock: ManualClock())
        for (size, isKept) in [(1000, true), (100_000, false)] {
            let task = try await store.createTask()
            let message = Payload(data: [UInt8](repeating: 1, count: size), contentType: "x/y")
            _ = try await store.enqueueMessage(message, kind: .notification, for: task.id)
            let options = CallOptions(requestID: .random())
            let delivery = try await store.dequeueMessage(task.id, options: options)
            _ = try await store.deleteTask(task.id)
            if isKept {
                let again = try await store.dequeueMessage(task.id, options: options)
                #expect(again == delivery)
            } else {
                let refusal = await #expect(throws: TaskwireError.self) {
                    try await store.dequeueMessage(task.id, options: options)
                }
                #expect(refusal?.reason == .deliveryForgotten)
                #expect(refusal?.task == nil, "it is gone")
            }
        }
    }
}

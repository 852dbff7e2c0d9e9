import Foundation
import Taskwire
import TaskwireStorage
import TaskwireTestSupport
import Testing

/// What is particular to a Redis; what every store does is in the conformance suite.
@Suite("A store in Redis")
struct RedisStorageTests {
    @Test("A change through one store wakes who waits at another")
    func wakeUp() async throws {
        try await withTimeLimit {
            try await RedisProcess.withRedis { redis in
                let (one, other) = (
                    try await RedisTaskStore(url: redis.url), try await RedisTaskStore(url: redis.url)
                )
                let task = try await one.createTask(CreateTaskRequest(), options: CallOptions())
                async let outcome = other.awaitResult(
                    AwaitResultRequest(taskID: task.id),
                    options: CallOptions()
                )
                while other.waitCount == 0 { try await Task.sleep(for: .milliseconds(1)) }
                _ = try await one.completeTask(
                    CompleteTaskRequest(taskID: task.id, result: Payload(text: "{}")),
                    options: CallOptions()
                )
                let result = try await outcome
                #expect(result.task.status == .completed)
                try await one.close()
                try await other.close()
            }
        }
    }
}

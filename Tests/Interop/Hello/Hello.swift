import Taskwire
import TaskwireClient

@main
struct Hello {
    static func main() async throws {
        let store = try TaskwireClient()
        let task = try await store.createTask(ttl: .seconds(60), request: Payload(text: "world"))

        // The work, which could be done by any other process that knows the task's id.
        try await withTaskExecution(of: task.id, in: store) { context in
            try await context.updateStatus("thinking")
            try await context.complete(Payload(text: "Hello, \(context.request?.text ?? "nobody")!"))
        }

        // Whoever waits for the result, here or elsewhere.
        let outcome = try await store.waitForResult(task.id)
        print(outcome.task.status.rawValue, outcome.result?.text ?? outcome.error?.message ?? "")
        await store.close()
    }
}

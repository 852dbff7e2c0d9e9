import Synchronization
import Taskwire

/// Where the tools' work is done: each call is a task in the store, and this process is its worker.
final class Workshop: Sendable {
    /// Why a task failed whose worker had to stop.
    private struct ServerEnded: Error, CustomStringConvertible {
        let description = "The server ended before the tool did"
    }

    /// The tasks.
    let store: any TaskStore
    private let work = Mutex<[String: Task<Void, Never>]>([:])

    /// A workshop for the tasks of `store`.
    init(store: any TaskStore) {
        self.store = store
    }

    /// How long a task may take, and is kept after its end, where the client does not say.
    private static let defaultTimeToLive: Duration = .seconds(3600)
    /// How often a client should look.
    private static let pollInterval: Duration = .milliseconds(200)

    /// Makes a task of a call and begins to work on it. Once this returns, every client of the store sees it.
    func begin(_ call: ToolCall, timeToLive: Duration? = nil) async throws -> TaskState {
        let request = CreateTaskRequest(
            ttl: timeToLive ?? Self.defaultTimeToLive,
            pollInterval: Self.pollInterval,
            labels: ["tool": call.tool.name],
            request: try call.payload,
            immediateResponse: call.tool.immediateResponse
        )
        // A caller that gives up just now must not leave a task behind that nobody works on.
        let store = store
        let task = try await Task { try await store.createTask(request, options: .default) }.value
        work.withLock { $0[task.id] = Task { await self.execute(call, of: task.id) } }
        return task
    }

    /// Does a call that nobody needs to see as a task, and returns how it ended.
    ///
    /// - Parameter follow: Waits for the end of the task, and returns how it ended.
    func perform<Output: Sendable>(
        _ call: ToolCall,
        follow: (_ taskID: String) async throws -> Output
    ) async throws -> Output {
        let task = try await begin(call)
        let result: Result<Output, any Error>
        do {
            result = .success(try await follow(task.id))
        } catch {
            result = .failure(error)
        }
        // Also for a client that gave up; work that goes on stops as soon as its task is gone.
        let store = store
        _ = try? await Task { try await store.deleteTask(task.id) }.value
        return try result.get()
    }

    /// Stops all work, which fails the tasks, and returns when the store knows. Nothing may begin any more.
    func end() async {
        let work = work.withLock { $0 }
        for task in work.values { task.cancel() }
        for task in work.values { await task.value }
    }

    private func execute(_ call: ToolCall, of taskID: String) async {
        do {
            try await withTaskExecution(of: taskID, in: store) { context in
                try await Self.perform(call, context)
            }
        } catch {
            StandardOutput.log("task \(taskID): \(error)")
            // The work has not begun. Where it is another worker's, or gone, this is refused.
            let (store, failure) = (store, TaskError(message: ServerEnded().description))
            _ = try? await Task { try await store.failTask(taskID, error: failure) }.value
        }
        work.withLock { $0[taskID] = nil }
    }

    private static func perform(_ call: ToolCall, _ context: TaskContext) async throws {
        let tool = ToolContext(arguments: call.arguments, progressToken: call.progressToken, task: context)
        do {
            try await ToolOutcome.store(try await call.tool.perform(tool), in: context)
        } catch let error as RPCError {
            try await ToolOutcome.store(error, in: context)
        } catch is CancellationError where !context.isCancelled {
            throw ServerEnded()
        }
    }
}

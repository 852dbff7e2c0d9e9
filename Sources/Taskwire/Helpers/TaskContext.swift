internal import Synchronization

/// What the work on a task has in hand: the task, and ways to tell how it goes.
public final class TaskContext: Sendable {
    private struct State {
        var task: TaskState
        var isCancelled = false
    }

    private let store: any TaskStore
    private let state: Mutex<State>

    /// A context for work on `task` in `store`.
    public init(task: TaskState, store: any TaskStore) {
        self.store = store
        self.state = Mutex(State(task: task, isCancelled: task.mustStop))
    }

    /// The task's id.
    public var taskID: String { task.id }

    /// The task as this context last saw it, in full view at the start and without payloads later.
    public var task: TaskState { state.withLock { $0.task } }

    /// What the task is to do.
    public var request: Payload? { task.request }

    /// Whether the work should stop: somebody cancelled the task or asked for it, or the task has ended.
    public var isCancelled: Bool { state.withLock { $0.isCancelled } }

    /// Asks for cancellation; the work decides when to stop.
    /// - Throws: The errors of ``TaskStore/cancelTask(_:options:)``.
    public func requestCancellation() async throws {
        state.withLock { $0.isCancelled = true }
        let (store, taskID) = (store, taskID)
        // Its own effect may reach this work, and cancel it, before its reply does.
        note(try await withoutCancellation { try await store.cancelTask(taskID, mode: .request) })
    }

    /// Tells people how it goes.
    /// - Throws: The errors of ``TaskStore/updateTask(_:options:)``.
    public func updateStatus(_ message: String) async throws {
        note(try await store.updateTask(taskID, statusMessage: message))
    }

    /// Tells how far the work is.
    /// - Throws: The errors of ``TaskStore/updateTask(_:options:)``.
    public func progress(_ current: Double, of total: Double? = nil) async throws {
        note(try await store.updateTask(taskID, progress: TaskProgress(current: current, total: total)))
    }

    /// Ends the task with a result, also where the work was cancelled meanwhile.
    /// - Throws: The errors of ``TaskStore/completeTask(_:options:)``.
    public func complete(_ result: Payload) async throws {
        let (store, taskID) = (store, taskID)
        note(try await withoutCancellation { try await store.completeTask(taskID, result: result) })
    }

    /// Ends the task with an error, also where the work was cancelled meanwhile.
    /// - Throws: The errors of ``TaskStore/failTask(_:options:)``.
    public func fail(_ message: String, code: Int32 = TaskError.internalErrorCode) async throws {
        let (store, taskID) = (store, taskID)
        let error = TaskError(code: code, message: message)
        note(try await withoutCancellation { try await store.failTask(taskID, error: error) })
    }

    /// Takes note that the task is gone.
    func noteGone() {
        state.withLock { $0.isCancelled = true }
    }

    /// Takes over a newer snapshot.
    func note(_ task: TaskState) {
        state.withLock { state in
            guard task.revision >= state.task.revision else { return }
            let request = state.task.request
            state.task = task
            state.task.request = request
            if task.mustStop { state.isCancelled = true }
        }
    }
}

extension TaskState {
    /// Whether there is no point in working on: the task has ended or somebody wants it to.
    var mustStop: Bool { isCancelRequested || status.isTerminal }
}

/// Runs `body` to its end although the Swift task may be cancelled: how a task ended has to be stored even then.
func withoutCancellation<Output: Sendable>(
    _ body: @escaping @Sendable () async throws -> Output
) async throws -> Output {
    try await Task { try await body() }.value
}

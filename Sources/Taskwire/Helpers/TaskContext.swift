internal import Synchronization

/// What the work on a task has in hand: the task, and ways to tell how it goes.
public final class TaskContext: Sendable {
    private struct State {
        var task: TaskState
        var isCancelled = false
        var isLeaseLost = false
        var askedKeys: Set<String> = []
    }

    private let store: any TaskStore
    private let worker: String?
    private let state: Mutex<State>

    /// Proof of the lease under which the work is done; empty without one.
    public let leaseToken: [UInt8]

    /// A context for work on `task` in `store`, under the lease of `claim`, where there is one.
    public init(task: TaskState, store: any TaskStore, claim: TaskClaim? = nil) {
        self.store = store
        self.worker = claim?.task.lease?.worker
        self.leaseToken = claim?.leaseToken ?? []
        self.state = Mutex(State(task: task, isCancelled: task.mustStop))
        if let claim { note(claim.task) }
        // It may have been lost before the task was read.
        note(self.task)
    }

    /// The task's id.
    public var taskID: String { task.id }

    /// The task as this context last saw it, in full view at the start and without payloads later.
    public var task: TaskState { state.withLock { $0.task } }

    /// What the task is to do.
    public var request: Payload? { task.request }

    /// Whether the work should stop: somebody cancelled the task or asked for it, the task has ended, or the lease is
    /// lost.
    public var isCancelled: Bool { state.withLock { $0.isCancelled } }

    /// Whether the lease is lost, after which the store takes nothing from this work any more.
    public var isLeaseLost: Bool { state.withLock { $0.isLeaseLost } }

    /// The task's messages, to which the work may append.
    public var messages: TaskMessageQueue {
        TaskMessageQueue(of: taskID, in: store, leaseToken: leaseToken)
    }

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
        note(try await store.updateTask(taskID, statusMessage: message, leaseToken: leaseToken))
    }

    /// Tells how far the work is.
    /// - Throws: The errors of ``TaskStore/updateTask(_:options:)``.
    public func progress(_ current: Double, of total: Double? = nil) async throws {
        let progress = TaskProgress(current: current, total: total)
        note(try await store.updateTask(taskID, progress: progress, leaseToken: leaseToken))
    }

    /// Asks somebody something, and waits for the answer, however long that takes. Meanwhile the task is
    /// `input_required`.
    ///
    /// Where a worker that held the task before asked under the same key already, nobody is asked again: its answer is
    /// waited for, or there already.
    /// - Throws: The errors of ``TaskStore/requestInput(_:options:)`` and ``TaskStore/awaitInput(_:options:)``, among
    ///   them ALREADY_EXISTS / INPUT_KEY_USED where this work itself used the key before.
    public func requestInput(key: String, payload: Payload) async throws -> Payload {
        let isFirst = state.withLock { $0.askedKeys.insert(key).inserted }
        do {
            note(
                try await whileHeld {
                    try await store.requestInput(
                        key,
                        payload: payload,
                        for: taskID,
                        leaseToken: leaseToken
                    )
                }
            )
        } catch let error as TaskwireError where isFirst && error.reason == .inputKeyUsed {
            error.task.map(note)
        }
        let answer = try await whileHeld {
            try await store.untilInTime(nil) { wait in
                let request = AwaitInputRequest(taskID: taskID, key: key, wait: wait)
                return try await store.awaitInput(request, options: .default)
            }
        }
        note(answer.task)
        return answer.response
    }

    /// Repeats a call that the store cannot serve now. How long that is of use the lease says: when it is lost, the work
    /// is cancelled.
    private func whileHeld<Output>(_ call: () async throws -> Output) async throws -> Output {
        while true {
            do {
                return try await call()
            } catch let error as TaskwireError
                where !leaseToken.isEmpty
                && (error.code == .unavailable || error.reason == .tooManyRequests)
            {
                try await Task.sleep(for: error.retryAfter ?? .milliseconds(500))
            }
        }
    }

    /// Ends the task with a result, also where the work was cancelled meanwhile.
    /// - Throws: The errors of ``TaskStore/completeTask(_:options:)``.
    public func complete(_ result: Payload) async throws {
        let (store, taskID, leaseToken) = (store, taskID, leaseToken)
        note(
            try await withoutCancellation {
                try await store.completeTask(taskID, result: result, leaseToken: leaseToken)
            }
        )
    }

    /// Ends the task with an error, also where the work was cancelled meanwhile.
    /// - Parameter data: Optional JSON text with details.
    /// - Throws: The errors of ``TaskStore/failTask(_:options:)``.
    public func fail(
        _ message: String,
        code: Int32 = TaskError.internalErrorCode,
        data: [UInt8]? = nil
    ) async throws {
        let (store, taskID, leaseToken) = (store, taskID, leaseToken)
        let error = TaskError(code: code, message: message, data: data)
        note(
            try await withoutCancellation {
                try await store.failTask(taskID, error: error, leaseToken: leaseToken)
            }
        )
    }

    /// Takes note that the lease is lost, and with it the task, which may be gone.
    func noteLeaseLost() {
        state.withLock { state in
            state.isLeaseLost = true
            state.isCancelled = true
        }
    }

    /// Takes over a newer snapshot.
    func note(_ task: TaskState) {
        state.withLock { state in
            guard task.revision >= state.task.revision else { return }
            let request = state.task.request
            state.task = task
            state.task.request = request
            if let worker, !task.status.isTerminal, task.lease?.worker != worker {
                state.isLeaseLost = true
            }
            if task.mustStop || state.isLeaseLost { state.isCancelled = true }
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

internal import Synchronization

/// A task that can be cancelled from elsewhere while it is inside a scope.
///
/// `@unchecked Sendable` is safe: the task is used under the lock only, and `end()`, which the task itself
/// calls before it leaves the scope, takes it away. Cancelling is something that any thread may do to a task.
@safe final class CancellationScope: ConnectionScope, @unchecked Sendable {
    /// inside → ended.
    private var task: UnsafeCurrentTask?
    private let lock = Mutex(())

    init(task: UnsafeCurrentTask) {
        unsafe self.task = unsafe task
    }

    /// Cancels the task, unless it has left the scope.
    func cancel() {
        lock.withLock { _ in
            unsafe task?.cancel()
        }
    }

    /// Called by the task when it leaves the scope.
    func end() {
        lock.withLock { _ in
            unsafe task = nil
        }
    }
}

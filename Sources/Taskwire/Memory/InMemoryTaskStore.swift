/// A store in the memory of this process, like the MCP Python SDK's `InMemoryTaskStore`.
///
/// Expired tasks are never shown. Their memory comes back by and by as tasks are created, or sooner while
/// ``TaskEngine/run(report:)`` runs.
public typealias InMemoryTaskStore = TaskEngine<MemoryStorage, SystemTaskClock>

extension TaskEngine where Storage == MemoryStorage, Clock == SystemTaskClock {
    /// An empty store.
    public init(limits: TaskLimits = TaskLimits()) {
        self.init(storage: MemoryStorage(limits: limits), clock: SystemTaskClock())
    }
}

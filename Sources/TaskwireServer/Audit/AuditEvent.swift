internal import Logging
internal import Taskwire
internal import TaskwireProtobuf

/// Something that the audit log tells.
struct AuditEvent: Sendable {
    let message: String
    /// The task that it happened to.
    var taskID: String?
    /// The worker that it is about.
    var worker: String?
    var level = Logger.Level.info

    /// There is a task that was not there before.
    static func creation(_ request: CreateTaskRequest, _ reply: TaskReply) -> AuditEvent? {
        AuditEvent(message: "task created", taskID: reply.task.id)
    }

    /// A task has ended, or nothing to tell. A call that is repeated is told again.
    static func ending(_ request: some Sendable, _ reply: TaskReply) -> AuditEvent? {
        guard reply.task.status.isTerminal else { return nil }
        return AuditEvent(message: "task \(reply.task.status.rawValue)", taskID: reply.task.id)
    }

    /// A task has ended because its status was set, or nothing to tell.
    static func update(_ request: UpdateTaskRequest, _ reply: TaskReply) -> AuditEvent? {
        request.status == nil ? nil : ending(request, reply)
    }

    /// A task was cancelled, or its worker was asked to end it.
    static func cancellation(_ request: CancelTaskRequest, _ reply: TaskReply) -> AuditEvent? {
        switch request.mode {
        case .immediate: ending(request, reply)
        case .request where reply.task.status.isTerminal: nil
        case .request: AuditEvent(message: "task cancellation requested", taskID: reply.task.id)
        }
    }

    /// A worker has taken the lease of a task.
    static func claim(_ request: ClaimTaskRequest, _ reply: TaskClaim) -> AuditEvent? {
        AuditEvent(message: "task claimed", taskID: reply.task.id, worker: request.worker)
    }

    /// The result of a task was read, or its error; or there is none, and nothing to tell.
    static func read(_ reply: TaskOutcome) -> AuditEvent? {
        reply.hasResult ? AuditEvent(message: "result read", taskID: reply.task.id, level: .debug) : nil
    }

    /// The same for a view of a task that has it.
    static func read(_ task: TaskState) -> AuditEvent? {
        read(TaskOutcome(task: task, result: task.result, error: task.error))
    }

    /// Time has changed a task, and no call has.
    static func elapsed(_ change: ElapsedChange) -> AuditEvent {
        switch change.kind {
        case .expired: AuditEvent(message: "task expired", taskID: change.key.id)
        case .leaseLost(let worker):
            AuditEvent(message: "lease lost", taskID: change.key.id, worker: worker)
        case .removed: AuditEvent(message: "task removed, its time is over", taskID: change.key.id)
        }
    }

    /// A task was deleted, or nothing to tell.
    static func deletion(_ request: DeleteTaskRequest, _ reply: DeletedReply) -> AuditEvent? {
        reply.isDeleted ? AuditEvent(message: "task deleted", taskID: request.taskID) : nil
    }

    /// Somebody has a copy of the store.
    static func backup(_ request: EmptyRequest, _ reply: StartBackupReply) -> AuditEvent? {
        AuditEvent(message: "backup made")
    }
}

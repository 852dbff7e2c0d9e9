internal import Taskwire
internal import TaskwireProtobuf

/// The methods of `TaskService` that this server serves.
enum TaskServiceHandlers {
    static let handlers: [String: Handler] = [
        "CreateTask": Handler(.mutation, for: .owners, audit: AuditEvent.creation) {
            (request: CreateTaskRequest, call) in
            TaskReply(task: try await call.tasks.createTask(request, options: call.options))
        },
        "GetTask": Handler(.read) { (request: GetTaskRequest, call) in
            let task = try await call.tasks.getTask(request.taskID, view: request.view, options: call.options)
            return TaskReply(task: task)
        },
        "UpdateTask": Handler(.mutation, audit: AuditEvent.update) { (request: UpdateTaskRequest, call) in
            TaskReply(task: try await call.tasks.updateTask(request, options: call.options))
        },
        "StoreResult": Handler(.mutation) { (request: StoreResultRequest, call) in
            TaskReply(task: try await call.tasks.storeResult(request, options: call.options))
        },
        "CompleteTask": Handler(.mutation, audit: AuditEvent.ending) { (request: CompleteTaskRequest, call) in
            TaskReply(task: try await call.tasks.completeTask(request, options: call.options))
        },
        "FailTask": Handler(.mutation, audit: AuditEvent.ending) { (request: FailTaskRequest, call) in
            TaskReply(task: try await call.tasks.failTask(request, options: call.options))
        },
        "CancelTask": Handler(.mutation, audit: AuditEvent.cancellation) {
            (request: CancelTaskRequest, call) in
            TaskReply(task: try await call.tasks.cancelTask(request, options: call.options))
        },
        "GetResult": Handler(.read) { (request: GetResultRequest, call) in
            try await call.tasks.getResult(request.taskID, options: call.options)
        },
        "AwaitResult": Handler(waiting: { (request: AwaitResultRequest, call) in
            try await call.tasks.beginAwaitResult(request, options: call.options)
        }),
        "WaitTask": Handler(waiting: { (request: WaitTaskRequest, call) in
            try await call.tasks.beginWaitTask(request, options: call.options)
        }),
        "ListTasks": Handler(.read) { (request: ListTasksRequest, call) in
            try await call.tasks.listTasks(request, options: call.options)
        },
        "DeleteTask": Handler(.mutation, for: .owners, audit: AuditEvent.deletion) {
            (request: DeleteTaskRequest, call) in
            DeletedReply(isDeleted: try await call.tasks.deleteTask(request.taskID, options: call.options))
        },
        "ClaimTask": Handler(.mutation) { (request: ClaimTaskRequest, call) in
            try await call.tasks.claimTask(request, options: call.options)
        },
        "RenewLease": Handler(.mutation) { (request: RenewLeaseRequest, call) in
            TaskReply(task: try await call.tasks.renewLease(request, options: call.options))
        },
        "ReleaseLease": Handler(.mutation) { (request: ReleaseLeaseRequest, call) in
            TaskReply(task: try await call.tasks.releaseLease(request, options: call.options))
        },
        "EnqueueMessage": Handler(.mutation) { (request: EnqueueMessageRequest, call) in
            TaskReply(task: try await call.tasks.enqueueMessage(request, options: call.options))
        },
        "DequeueMessage": Handler(.delivery) { (request: DequeueMessageRequest, call) in
            try await call.tasks.dequeueMessage(request.taskID, options: call.options)
        },
        "PeekMessage": Handler(.read) { (request: PeekMessageRequest, call) in
            try await call.tasks.peekMessage(request.taskID, options: call.options)
        },
        "ClearMessages": Handler(.delivery) { (request: ClearMessagesRequest, call) in
            try await call.tasks.clearMessages(request.taskID, options: call.options)
        },
        "WaitMessage": Handler(waiting: { (request: WaitMessageRequest, call) in
            try await call.tasks.beginWaitMessage(request, options: call.options)
        }),
        "RequestInput": Handler(.mutation) { (request: RequestInputRequest, call) in
            TaskReply(task: try await call.tasks.requestInput(request, options: call.options))
        },
        "ProvideInput": Handler(.mutation) { (request: ProvideInputRequest, call) in
            try await call.tasks.provideInput(request, options: call.options)
        },
        "AwaitInput": Handler(waiting: { (request: AwaitInputRequest, call) in
            try await call.tasks.beginAwaitInput(request, options: call.options)
        }),
    ]
}

package import Taskwire

/// The methods on tasks. A method is described here and nowhere else.
package enum TaskService {
    private static let service = "taskwire.v1.TaskService"

    package static let createTask = Method<CreateTaskRequest, TaskReply>(
        "CreateTask",
        of: service,
        .mutation,
        for: .owners
    )
    package static let getTask = Method<GetTaskRequest, TaskReply>("GetTask", of: service, .read)
    package static let updateTask = Method<UpdateTaskRequest, TaskReply>("UpdateTask", of: service, .mutation)
    package static let storeResult = Method<StoreResultRequest, TaskReply>(
        "StoreResult",
        of: service,
        .mutation
    )
    package static let completeTask = Method<CompleteTaskRequest, TaskReply>(
        "CompleteTask",
        of: service,
        .mutation
    )
    package static let failTask = Method<FailTaskRequest, TaskReply>("FailTask", of: service, .mutation)
    package static let cancelTask = Method<CancelTaskRequest, TaskReply>("CancelTask", of: service, .mutation)
    package static let getResult = Method<GetResultRequest, TaskOutcome>("GetResult", of: service, .read)
    package static let awaitResult = Method<AwaitResultRequest, TaskOutcome>(
        "AwaitResult",
        of: service,
        .wait
    )
    package static let waitTask = Method<WaitTaskRequest, TaskChange>("WaitTask", of: service, .wait)
    package static let listTasks = Method<ListTasksRequest, TaskPage>("ListTasks", of: service, .read)
    package static let deleteTask = Method<DeleteTaskRequest, DeletedReply>(
        "DeleteTask",
        of: service,
        .mutation,
        for: .owners
    )
    package static let claimTask = Method<ClaimTaskRequest, TaskClaim>("ClaimTask", of: service, .mutation)
    package static let renewLease = Method<RenewLeaseRequest, TaskReply>("RenewLease", of: service, .mutation)
    package static let releaseLease = Method<ReleaseLeaseRequest, TaskReply>(
        "ReleaseLease",
        of: service,
        .mutation
    )
    package static let enqueueMessage = Method<EnqueueMessageRequest, TaskReply>(
        "EnqueueMessage",
        of: service,
        .mutation
    )
    package static let dequeueMessage = Method<DequeueMessageRequest, MessageDelivery>(
        "DequeueMessage",
        of: service,
        .delivery
    )
    package static let peekMessage = Method<PeekMessageRequest, MessageDelivery>(
        "PeekMessage",
        of: service,
        .read
    )
    package static let clearMessages = Method<ClearMessagesRequest, ClearedMessages>(
        "ClearMessages",
        of: service,
        .delivery
    )
    package static let waitMessage = Method<WaitMessageRequest, MessageDelivery>(
        "WaitMessage",
        of: service,
        .wait
    )
    package static let requestInput = Method<RequestInputRequest, TaskReply>(
        "RequestInput",
        of: service,
        .mutation
    )
    package static let provideInput = Method<ProvideInputRequest, InputReceipt>(
        "ProvideInput",
        of: service,
        .mutation
    )
    package static let awaitInput = Method<AwaitInputRequest, InputAnswer>("AwaitInput", of: service, .wait)

    /// All of them, in the order of `Protos/`.
    package static let methods: [any MethodDescription] = [
        createTask, getTask, updateTask, storeResult, completeTask, failTask, cancelTask, getResult,
        awaitResult, waitTask, listTasks, deleteTask, claimTask, renewLease, releaseLease,
        enqueueMessage, dequeueMessage, peekMessage, clearMessages, waitMessage, requestInput,
        provideInput, awaitInput,
    ]
}

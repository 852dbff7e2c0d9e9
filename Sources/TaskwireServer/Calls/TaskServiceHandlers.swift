internal import Taskwire
internal import TaskwireProtobuf

/// The methods of `TaskService`.
enum TaskServiceHandlers {
    static let all: [Handler] = [
        Handler(
            TaskService.createTask,
            audit: AuditEvent.creation,
            mutation: { request, call throws(TaskwireError) in
                try call.check(request.request, "request")
                return try call.tasks.create(request, call.options)
            },
            reply: TaskReply.init(task:)
        ),
        Handler(
            TaskService.getTask,
            audit: { AuditEvent.read($0.task) },
            read: { request, call in call.tasks.getTask(request.taskID, view: request.view) },
            reply: TaskReply.init(task:)
        ),
        Handler(
            TaskService.updateTask,
            audit: AuditEvent.update,
            mutation: { request, call throws(TaskwireError) in
                try call.tasks.update(request, call.options)
            },
            reply: TaskReply.init(task:)
        ),
        Handler(
            TaskService.storeResult,
            mutation: { request, call throws(TaskwireError) in
                try call.check(request.result, "result")
                return try call.tasks.storeResult(request, call.options)
            },
            reply: TaskReply.init(task:)
        ),
        Handler(
            TaskService.completeTask,
            audit: AuditEvent.ending,
            mutation: { request, call throws(TaskwireError) in
                try call.check(request.result, "result")
                return try call.tasks.complete(request, call.options)
            },
            reply: TaskReply.init(task:)
        ),
        Handler(
            TaskService.failTask,
            audit: AuditEvent.ending,
            mutation: { request, call throws(TaskwireError) in
                try call.check(byteCount: request.error.data?.count ?? 0, "error.data")
                return try call.tasks.fail(request, call.options)
            },
            reply: TaskReply.init(task:)
        ),
        Handler(
            TaskService.cancelTask,
            audit: AuditEvent.cancellation,
            mutation: { request, call throws(TaskwireError) in
                try call.tasks.cancel(request, call.options)
            },
            reply: TaskReply.init(task:)
        ),
        Handler(
            TaskService.getResult,
            audit: AuditEvent.read,
            read: { request, call in call.tasks.getResult(request.taskID) },
            reply: { $0 }
        ),
        Handler(
            TaskService.awaitResult,
            audit: AuditEvent.read,
            waiting: { request, call in
                try await call.tasks.beginAwaitResult(request, options: call.options)
            }
        ),
        Handler(
            TaskService.waitTask,
            audit: { AuditEvent.read($0.task) },
            waiting: { request, call in
                try await call.tasks.beginWaitTask(request, options: call.options)
            }
        ),
        Handler(
            TaskService.listTasks,
            isLong: true,
            later: { request, call in
                try await call.tasks.listTasks(request, options: call.options)
            }
        ),
        Handler(
            TaskService.deleteTask,
            audit: AuditEvent.deletion,
            mutation: { request, call throws(TaskwireError) in
                try call.tasks.delete(request.taskID, call.options)
            },
            reply: DeletedReply.init(isDeleted:)
        ),
        Handler(
            TaskService.claimTask,
            audit: AuditEvent.claim,
            mutation: { request, call throws(TaskwireError) in try call.tasks.claim(request, call.options) },
            reply: { $0 }
        ),
        Handler(
            TaskService.renewLease,
            mutation: { request, call throws(TaskwireError) in try call.tasks.renew(request, call.options) },
            reply: TaskReply.init(task:)
        ),
        Handler(
            TaskService.releaseLease,
            mutation: { request, call throws(TaskwireError) in
                try call.tasks.release(request, call.options)
            },
            reply: TaskReply.init(task:)
        ),
        Handler(
            TaskService.enqueueMessage,
            mutation: { request, call throws(TaskwireError) in
                try call.tasks.enqueue(request, call.options)
            },
            reply: TaskReply.init(task:)
        ),
        Handler(
            TaskService.dequeueMessage,
            mutation: { request, call throws(TaskwireError) in
                try call.tasks.dequeue(request.taskID, call.options)
            },
            reply: { $0 }
        ),
        Handler(
            TaskService.peekMessage,
            read: { request, call in call.tasks.peekMessage(request.taskID) },
            reply: { $0 }
        ),
        Handler(
            TaskService.clearMessages,
            mutation: { request, call throws(TaskwireError) in
                try call.tasks.clearMessages(request.taskID, call.options)
            },
            reply: { $0 }
        ),
        Handler(
            TaskService.waitMessage,
            waiting: { request, call in
                try await call.tasks.beginWaitMessage(request, options: call.options)
            }
        ),
        Handler(
            TaskService.requestInput,
            mutation: { request, call throws(TaskwireError) in
                try call.tasks.requestInput(request, call.options)
            },
            reply: TaskReply.init(task:)
        ),
        Handler(
            TaskService.provideInput,
            mutation: { request, call throws(TaskwireError) in
                try call.tasks.provideInput(request, call.options)
            },
            reply: { $0 }
        ),
        Handler(
            TaskService.awaitInput,
            waiting: { request, call in
                try await call.tasks.beginAwaitInput(request, options: call.options)
            }
        ),
    ]
}

internal import CTaskwireProtos
package import Taskwire

extension UpdateTaskRequest: MessageReadable, MessageWritable {
    static let descriptor = unsafe MessageDescriptor(taskwire__v1__update_task_request__init)

    init(_ message: Taskwire__V1__UpdateTaskRequest) throws(TaskwireError) {
        unsafe self.init(
            taskID: String(wire: message.task_id),
            status: TaskStatus(wire: message.status),
            statusMessage: message.status_message_oneof_case.member(String(wire: message.status_message)),
            progress: try TaskProgress.read(message.progress, "progress"),
            expectedRevision: message.expected_revision_oneof_case.member(message.expected_revision),
            leaseToken: [UInt8](wire: message.lease_token)
        )
        ttlMilliseconds = message.ttl_ms_oneof_case.member(message.ttl_ms)
        pollIntervalMilliseconds = message.poll_interval_ms_oneof_case.member(message.poll_interval_ms)
    }

    func write(to message: inout Taskwire__V1__UpdateTaskRequest, in arena: Arena) throws(TaskwireError) {
        unsafe message.task_id = try arena.string(taskID, "task_id")
        message.lease_token = try arena.bytes(leaseToken)
        message.status = status?.wire ?? TASKWIRE__V1__TASK_STATUS__TASK_STATUS_UNSPECIFIED
        if let statusMessage {
            message.status_message_oneof_case =
                TASKWIRE__V1__UPDATE_TASK_REQUEST__STATUS_MESSAGE_ONEOF_STATUS_MESSAGE
            unsafe message.status_message = try arena.string(statusMessage, "status_message")
        }
        if let ttlMilliseconds {
            message.ttl_ms_oneof_case = TASKWIRE__V1__UPDATE_TASK_REQUEST__TTL_MS_ONEOF_TTL_MS
            message.ttl_ms = ttlMilliseconds
        }
        if let pollIntervalMilliseconds {
            message.poll_interval_ms_oneof_case =
                TASKWIRE__V1__UPDATE_TASK_REQUEST__POLL_INTERVAL_MS_ONEOF_POLL_INTERVAL_MS
            message.poll_interval_ms = pollIntervalMilliseconds
        }
        unsafe message.progress = try arena.message(progress, "progress")
        if let expectedRevision {
            message.expected_revision_oneof_case =
                TASKWIRE__V1__UPDATE_TASK_REQUEST__EXPECTED_REVISION_ONEOF_EXPECTED_REVISION
            message.expected_revision = expectedRevision
        }
    }
}

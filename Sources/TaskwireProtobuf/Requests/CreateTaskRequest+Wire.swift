internal import CTaskwireProtos
package import Taskwire

extension CreateTaskRequest: MessageReadable, MessageWritable {
    static let descriptor = unsafe MessageDescriptor(taskwire__v1__create_task_request__init)

    init(_ message: Taskwire__V1__CreateTaskRequest) throws(TaskwireError) {
        let taskID = unsafe String(wire: message.task_id)
        unsafe self.init(
            taskID: taskID.isEmpty ? nil : taskID,
            labels: [String: String](wire: message.labels, count: message.n_labels),
            request: try Payload.read(message.request, "request"),
            immediateResponse: message.immediate_response_oneof_case.member(
                String(wire: message.immediate_response)
            ),
            statusMessage: message.status_message_oneof_case.member(String(wire: message.status_message))
        )
        ttlMilliseconds = message.ttl_ms_oneof_case.member(message.ttl_ms)
        pollIntervalMilliseconds = message.poll_interval_ms_oneof_case.member(message.poll_interval_ms)
    }

    func write(to message: inout Taskwire__V1__CreateTaskRequest, in arena: Arena) throws(TaskwireError) {
        unsafe message.task_id = try arena.string(taskID ?? "", "task_id")
        if let ttlMilliseconds {
            message.ttl_ms_oneof_case = TASKWIRE__V1__CREATE_TASK_REQUEST__TTL_MS_ONEOF_TTL_MS
            message.ttl_ms = ttlMilliseconds
        }
        if let pollIntervalMilliseconds {
            message.poll_interval_ms_oneof_case =
                TASKWIRE__V1__CREATE_TASK_REQUEST__POLL_INTERVAL_MS_ONEOF_POLL_INTERVAL_MS
            message.poll_interval_ms = pollIntervalMilliseconds
        }
        unsafe message.labels = try arena.entries(labels, "labels")
        message.n_labels = labels.count
        unsafe message.request = try arena.message(request, "request")
        if let immediateResponse {
            message.immediate_response_oneof_case =
                TASKWIRE__V1__CREATE_TASK_REQUEST__IMMEDIATE_RESPONSE_ONEOF_IMMEDIATE_RESPONSE
            unsafe message.immediate_response = try arena.string(immediateResponse, "immediate_response")
        }
        if let statusMessage {
            message.status_message_oneof_case =
                TASKWIRE__V1__CREATE_TASK_REQUEST__STATUS_MESSAGE_ONEOF_STATUS_MESSAGE
            unsafe message.status_message = try arena.string(statusMessage, "status_message")
        }
    }
}

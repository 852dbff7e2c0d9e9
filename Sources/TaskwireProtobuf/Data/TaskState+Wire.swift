internal import CTaskwireProtos
package import Taskwire

extension TaskState: MessageReadable, MessageWritable {
    static let descriptor = unsafe MessageDescriptor(taskwire__v1__task_state__init)

    init(_ message: Taskwire__V1__TaskState) throws(TaskwireError) {
        unsafe self.init(
            id: String(wire: message.id),
            owner: String(wire: message.owner),
            status: try TaskStatus(wire: message.status, "status"),
            statusMessage: message.status_message_oneof_case.member(String(wire: message.status_message)),
            createdAt: Timestamp(millisecondsSince1970: message.created_at_unix_ms),
            lastUpdatedAt: Timestamp(millisecondsSince1970: message.last_updated_at_unix_ms),
            ttlMilliseconds: message.ttl_ms_oneof_case.member(message.ttl_ms),
            pollIntervalMilliseconds: message.poll_interval_ms,
            revision: message.revision,
            isCancelRequested: message.cancel_requested != 0,
            progress: try TaskProgress.read(message.progress, "progress"),
            labels: [String: String](wire: message.labels, count: message.n_labels),
            request: try Payload.read(message.request, "request"),
            result: try Payload.read(message.result, "result"),
            error: try TaskError.read(message.error, "error"),
            immediateResponse: message.immediate_response_oneof_case.member(
                String(wire: message.immediate_response)
            ),
            lease: try TaskLease.read(message.lease, "lease"),
            inputRequests: try InputRequest.readAll(
                message.input_requests,
                count: message.n_input_requests,
                "input_requests"
            )
        )
        if message.n_omitted_fields > 0 {
            unsafe omittedFields = [String](wire: message.omitted_fields, count: message.n_omitted_fields)
        }
    }

    func write(to message: inout Taskwire__V1__TaskState, in arena: Arena) throws(TaskwireError) {
        unsafe message.id = try arena.string(id, "id")
        unsafe message.owner = try arena.string(owner, "owner")
        message.status = status.wire
        if let statusMessage {
            message.status_message_oneof_case = TASKWIRE__V1__TASK_STATE__STATUS_MESSAGE_ONEOF_STATUS_MESSAGE
            unsafe message.status_message = try arena.string(statusMessage, "status_message")
        }
        message.created_at_unix_ms = createdAt.millisecondsSince1970
        message.last_updated_at_unix_ms = lastUpdatedAt.millisecondsSince1970
        if let ttlMilliseconds {
            message.ttl_ms_oneof_case = TASKWIRE__V1__TASK_STATE__TTL_MS_ONEOF_TTL_MS
            message.ttl_ms = ttlMilliseconds
        }
        message.poll_interval_ms = pollIntervalMilliseconds
        message.revision = revision
        message.cancel_requested = isCancelRequested ? 1 : 0
        unsafe message.progress = try arena.message(progress, "progress")
        unsafe message.labels = try arena.entries(
            labelList.labels.lazy.map { (key: $0.key, value: $0.value) },
            "labels"
        )
        message.n_labels = labelList.labels.count
        unsafe message.request = try arena.message(request, "request")
        unsafe message.result = try arena.message(result, "result")
        unsafe message.error = try arena.message(error, "error")
        if let immediateResponse {
            message.immediate_response_oneof_case =
                TASKWIRE__V1__TASK_STATE__IMMEDIATE_RESPONSE_ONEOF_IMMEDIATE_RESPONSE
            unsafe message.immediate_response = try arena.string(immediateResponse, "immediate_response")
        }
        unsafe message.lease = try arena.message(lease, "lease")
        unsafe message.input_requests = try arena.messages(inputRequests, "input_requests")
        message.n_input_requests = inputRequests.count
        if !omittedFields.isEmpty {
            unsafe message.omitted_fields = try arena.strings(omittedFields, "omitted_fields")
            message.n_omitted_fields = omittedFields.count
        }
    }
}

internal import CTaskwireProtos
package import Taskwire

extension ProvideInputRequest: MessageReadable, MessageWritable {
    static let descriptor = unsafe MessageDescriptor(taskwire__v1__provide_input_request__init)

    init(_ message: Taskwire__V1__ProvideInputRequest) throws(TaskwireError) {
        let entries = try unsafe InputResponse.readAll(
            message.responses,
            count: message.n_responses,
            "responses"
        )
        unsafe self.init(
            taskID: String(wire: message.task_id),
            // Of entries with one key the last counts, as in every map.
            responses: [String: Payload](entries.map { ($0.key, $0.payload) }) { $1 }
        )
    }

    func write(to message: inout Taskwire__V1__ProvideInputRequest, in arena: Arena) throws(TaskwireError) {
        unsafe message.task_id = try arena.string(taskID, "task_id")
        let entries = responses.map { InputResponse(key: $0.key, payload: $0.value) }
        unsafe message.responses = try arena.messages(entries, "responses")
        message.n_responses = entries.count
    }
}

/// One entry of the map of responses.
private struct InputResponse {
    var key: String
    var payload: Payload
}

extension InputResponse: MessageReadable, MessageWritable {
    static let descriptor = unsafe MessageDescriptor(
        taskwire__v1__provide_input_request__responses_entry__init
    )

    init(_ message: Taskwire__V1__ProvideInputRequest__ResponsesEntry) throws(TaskwireError) {
        unsafe self.init(
            key: String(wire: message.key),
            payload: try Payload.readRequired(message.value, "value")
        )
    }

    func write(
        to message: inout Taskwire__V1__ProvideInputRequest__ResponsesEntry,
        in arena: Arena
    ) throws(TaskwireError) {
        unsafe message.key = try arena.string(key, "key")
        unsafe message.value = try arena.message(payload, "value")
    }
}

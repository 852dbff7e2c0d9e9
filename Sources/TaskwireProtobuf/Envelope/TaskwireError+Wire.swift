internal import CTaskwireProtos
internal import Taskwire

/// `Status` on the wire, with a code other than 0. ``TaskwireError/isOutcomeUnknown`` is not part of it: only
/// a client that learnt nothing says so.
extension TaskwireError: MessageReadable, MessageWritable {
    static let descriptor = unsafe MessageDescriptor(taskwire__v1__status__init)

    init(_ message: Taskwire__V1__Status) throws(TaskwireError) {
        unsafe self.init(
            Code(rawValue: message.code),
            Reason(rawValue: String(wire: message.reason)),
            String(wire: message.message),
            jsonRPCCode: message.jsonrpc_code == 0 ? nil : message.jsonrpc_code,
            task: try TaskState.read(message.task, "task"),
            retryAfter: message.retry_after_ms > 0 ? .milliseconds(message.retry_after_ms) : nil
        )
    }

    func write(to message: inout Taskwire__V1__Status, in arena: Arena) throws(TaskwireError) {
        // 0 would say that the call succeeded.
        message.code = code.rawValue == 0 ? Code.internal.rawValue : code.rawValue
        unsafe message.reason = try arena.string(reason.rawValue, "reason")
        unsafe message.message = try arena.string(self.message, "message")
        message.jsonrpc_code = jsonRPCCode
        unsafe message.task = try arena.message(task, "task")
        message.retry_after_ms = max(retryAfter?.millisecondsRoundedUp ?? 0, 0)
    }
}

internal import CTaskwireProtos
internal import Taskwire

/// What `GetResult` needs.
package struct GetResultRequest: Sendable, Hashable {
    /// Which task.
    package var taskID: String

    /// A request for the outcome of one task.
    package init(taskID: String) {
        self.taskID = taskID
    }
}

extension GetResultRequest: MessageReadable, MessageWritable {
    static let descriptor = MessageDescriptor(taskwire__v1__get_result_request__init)

    init(_ message: Taskwire__V1__GetResultRequest) throws(TaskwireError) {
        self.init(taskID: String(wire: message.task_id))
    }

    func write(to message: inout Taskwire__V1__GetResultRequest, in arena: Arena) throws(TaskwireError) {
        message.task_id = try arena.string(taskID, "task_id")
    }
}

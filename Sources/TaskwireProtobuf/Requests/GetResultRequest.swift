internal import CTaskwireProtos
internal import Taskwire

/// What `GetResult` needs.
package struct GetResultRequest: Sendable, Hashable {
    /// Which task.
    package var taskID: String

    /// A request for the result of one task.
    package init(taskID: String) {
        self.taskID = taskID
    }
}

extension GetResultRequest: TaskIDRequest {
    static let descriptor = unsafe MessageDescriptor(taskwire__v1__get_result_request__init)
}

extension Taskwire__V1__GetResultRequest: TaskIDMessage {}

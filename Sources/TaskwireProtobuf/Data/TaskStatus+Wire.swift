internal import CTaskwireProtos
package import Taskwire

extension TaskStatus {
    /// `nil` for TASK_STATUS_UNSPECIFIED.
    init?(wire status: Taskwire__V1__TaskStatus) {
        switch status {
        case TASKWIRE__V1__TASK_STATUS__TASK_STATUS_WORKING: self = .working
        case TASKWIRE__V1__TASK_STATUS__TASK_STATUS_INPUT_REQUIRED: self = .inputRequired
        case TASKWIRE__V1__TASK_STATUS__TASK_STATUS_COMPLETED: self = .completed
        case TASKWIRE__V1__TASK_STATUS__TASK_STATUS_FAILED: self = .failed
        case TASKWIRE__V1__TASK_STATUS__TASK_STATUS_CANCELLED: self = .cancelled
        default: return nil
        }
    }

    /// A status that must be there.
    /// - Throws: INVALID_ARGUMENT / INVALID_FIELD for TASK_STATUS_UNSPECIFIED.
    init(wire status: Taskwire__V1__TaskStatus, _ field: @autoclosure () -> String) throws(TaskwireError) {
        guard let status = TaskStatus(wire: status) else { throw .invalidField(field(), "unspecified") }
        self = status
    }

    var wire: Taskwire__V1__TaskStatus {
        switch self {
        case .working: TASKWIRE__V1__TASK_STATUS__TASK_STATUS_WORKING
        case .inputRequired: TASKWIRE__V1__TASK_STATUS__TASK_STATUS_INPUT_REQUIRED
        case .completed: TASKWIRE__V1__TASK_STATUS__TASK_STATUS_COMPLETED
        case .failed: TASKWIRE__V1__TASK_STATUS__TASK_STATUS_FAILED
        case .cancelled: TASKWIRE__V1__TASK_STATUS__TASK_STATUS_CANCELLED
        }
    }
}

extension TaskStatus {
    /// The number of TaskStatus on the wire.
    package var wireNumber: UInt32 { wire.rawValue }
}

internal import CTaskwireProtos
internal import Taskwire

extension TaskView {
    init(wire view: Taskwire__V1__TaskView) {
        self =
            switch view {
            case TASKWIRE__V1__TASK_VIEW__TASK_VIEW_FULL: .full
            case TASKWIRE__V1__TASK_VIEW__TASK_VIEW_REQUEST: .request
            default: .basic
            }
    }

    var wire: Taskwire__V1__TaskView {
        switch self {
        case .basic: TASKWIRE__V1__TASK_VIEW__TASK_VIEW_BASIC
        case .full: TASKWIRE__V1__TASK_VIEW__TASK_VIEW_FULL
        case .request: TASKWIRE__V1__TASK_VIEW__TASK_VIEW_REQUEST
        }
    }
}

internal import CTaskwireProtos
internal import Taskwire

extension TaskView {
    init(wire view: Taskwire__V1__TaskView) {
        self = view == TASKWIRE__V1__TASK_VIEW__TASK_VIEW_FULL ? .full : .basic
    }

    var wire: Taskwire__V1__TaskView {
        switch self {
        case .basic: TASKWIRE__V1__TASK_VIEW__TASK_VIEW_BASIC
        case .full: TASKWIRE__V1__TASK_VIEW__TASK_VIEW_FULL
        }
    }
}

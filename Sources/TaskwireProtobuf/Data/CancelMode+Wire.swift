internal import CTaskwireProtos
internal import Taskwire

extension CancelMode {
    init(wire mode: Taskwire__V1__CancelMode) {
        self = mode == TASKWIRE__V1__CANCEL_MODE__CANCEL_MODE_REQUEST ? .request : .immediate
    }

    var wire: Taskwire__V1__CancelMode {
        switch self {
        case .immediate: TASKWIRE__V1__CANCEL_MODE__CANCEL_MODE_IMMEDIATE
        case .request: TASKWIRE__V1__CANCEL_MODE__CANCEL_MODE_REQUEST
        }
    }
}

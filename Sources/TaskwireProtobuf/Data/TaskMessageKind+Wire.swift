internal import CTaskwireProtos
internal import Taskwire

extension TaskMessage.Kind {
    /// - Throws: INVALID_ARGUMENT / INVALID_FIELD for MESSAGE_KIND_UNSPECIFIED.
    init(wire kind: Taskwire__V1__MessageKind, _ field: String) throws(TaskwireError) {
        switch kind {
        case TASKWIRE__V1__MESSAGE_KIND__MESSAGE_KIND_REQUEST: self = .request
        case TASKWIRE__V1__MESSAGE_KIND__MESSAGE_KIND_NOTIFICATION: self = .notification
        default: throw .invalidField(field, "unspecified")
        }
    }

    var wire: Taskwire__V1__MessageKind {
        switch self {
        case .request: TASKWIRE__V1__MESSAGE_KIND__MESSAGE_KIND_REQUEST
        case .notification: TASKWIRE__V1__MESSAGE_KIND__MESSAGE_KIND_NOTIFICATION
        }
    }
}

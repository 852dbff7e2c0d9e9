internal import CTaskwireProtos
internal import Taskwire

extension LeaseLossPolicy {
    init(wire policy: Taskwire__V1__LeaseLossPolicy) {
        self = policy == TASKWIRE__V1__LEASE_LOSS_POLICY__LEASE_LOSS_POLICY_RELEASE ? .release : .fail
    }

    var wire: Taskwire__V1__LeaseLossPolicy {
        switch self {
        case .fail: TASKWIRE__V1__LEASE_LOSS_POLICY__LEASE_LOSS_POLICY_FAIL
        case .release: TASKWIRE__V1__LEASE_LOSS_POLICY__LEASE_LOSS_POLICY_RELEASE
        }
    }
}

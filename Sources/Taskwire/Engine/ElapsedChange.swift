/// A change that time made to a task, and no call. Told once, by the engine that has stored it.
package struct ElapsedChange: Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        /// The time to live was over before the task had ended, which made it `failed`.
        case expired
        /// The worker did not renew its lease in time.
        case leaseLost(worker: String)
        /// The task had ended, and its time after that is over: it is gone.
        case removed
    }

    /// The task.
    package let key: TaskKey
    package let kind: Kind

    /// What time has made of `before`, the earliest first.
    static func all(from before: TaskRecord, to after: TaskRecord?) -> [ElapsedChange] {
        var kinds: [Kind] = []
        var canExpire = before.endedAt == nil
        if let lease = before.state.lease, after?.state.lease == nil {
            kinds.append(.leaseLost(worker: lease.worker))
            canExpire = before.leaseSecret?.onLoss == .release
        }
        if canExpire, before.isLive, after.map({ $0.endedAt != nil }) ?? true { kinds.append(.expired) }
        if before.isLive, after?.isLive != true { kinds.append(.removed) }
        return kinds.map { ElapsedChange(key: before.key, kind: $0) }
    }
}

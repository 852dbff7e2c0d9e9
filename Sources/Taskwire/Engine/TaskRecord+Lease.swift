extension TaskRecord {
    /// What only the store knows of a lease.
    package struct LeaseSecret: Sendable, Hashable {
        /// What its holder proves it with.
        package var token: [UInt8]
        /// What becomes of the task when the lease runs out.
        package var onLoss: LeaseLossPolicy
        /// For how long it was granted or last renewed.
        package var durationMilliseconds: Int64

        /// A secret.
        package init(token: [UInt8], onLoss: LeaseLossPolicy, durationMilliseconds: Int64) {
            self.token = token
            self.onLoss = onLoss
            self.durationMilliseconds = durationMilliseconds
        }

        /// How often the holder is expected to renew: there is time for a second and a third try.
        var renewalMilliseconds: Int64 { durationMilliseconds / 3 }
    }

    /// Gives the lease to `worker`, from now on.
    mutating func grantLease(to worker: String, _ secret: LeaseSecret, at now: Timestamp) {
        state.lease = TaskLease(
            worker: worker,
            expiresAt: now.adding(milliseconds: secret.durationMilliseconds)
        )
        leaseSecret = secret
    }

    /// Lets the lease last for `milliseconds` from now on; `nil`: as long as it did before.
    mutating func renewLease(for milliseconds: Int64?, at now: Timestamp) {
        guard let duration = milliseconds ?? leaseSecret?.durationMilliseconds else { return }
        leaseSecret?.durationMilliseconds = duration
        state.lease?.expiresAt = now.adding(milliseconds: duration)
    }

    /// Leaves the holder of a lease the time of one renewal after `start`, when the store came back: while it was away
    /// nobody could renew.
    mutating func extendLease(after start: Timestamp) {
        guard let lease = state.lease, let leaseSecret else { return }
        let returnBy = start.adding(milliseconds: leaseSecret.renewalMilliseconds)
        state.lease?.expiresAt = max(lease.expiresAt, returnBy)
    }

    /// The lease ran out.
    mutating func loseLease(at moment: Timestamp) {
        switch leaseSecret?.onLoss {
        case .release:
            dropLease()
            touch(at: moment)
        case .fail, nil:
            fail("worker lost", reason: .leaseLost, at: moment)
        }
    }

    /// Nobody holds the task any more.
    mutating func dropLease() {
        state.lease = nil
        leaseSecret = nil
    }
}

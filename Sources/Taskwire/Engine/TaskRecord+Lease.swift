extension TaskRecord {
    /// What only the store knows of a lease.
    package struct LeaseSecret: Sendable, Hashable {
        /// What its holder proves it with.
        package var token: [UInt8]
        /// What becomes of the task when the lease runs out.
        package var onLoss: LeaseLossPolicy
        /// For how long it was granted or last renewed.
        package var durationMilliseconds: Int64
        /// How far the steady clock was ahead of the wall clock when the end was set that the lease shows, in milliseconds.
        package var lead: Int64

        /// A secret.
        package init(token: [UInt8], onLoss: LeaseLossPolicy, durationMilliseconds: Int64, lead: Int64 = 0) {
            self.token = token
            self.onLoss = onLoss
            self.durationMilliseconds = durationMilliseconds
            self.lead = lead
        }

        /// How often the holder is expected to renew: there is time for a second and a third try.
        var renewalMilliseconds: Int64 { durationMilliseconds / 3 }

        /// For how long nothing is heard at the end of a lease of a holder who renewed in time last.
        var silenceMilliseconds: Int64 { durationMilliseconds - renewalMilliseconds }
    }

    /// Gives the lease to `worker`, from now on.
    mutating func grantLease(to worker: String, _ secret: LeaseSecret, at now: TaskInstant) {
        state.lease = TaskLease(worker: worker, expiresAt: now.wall)
        leaseSecret = secret
        renewLease(for: nil, at: now)
    }

    /// Lets the lease last for `milliseconds` from now on; `nil`: as long as it did before.
    mutating func renewLease(for milliseconds: Int64?, at now: TaskInstant) {
        guard let duration = milliseconds ?? leaseSecret?.durationMilliseconds else { return }
        leaseSecret?.durationMilliseconds = duration
        leaseSecret?.lead = now.lead
        state.lease?.expiresAt = now.wall.adding(milliseconds: duration)
    }

    /// When the lease runs out, by the steady clock.
    var leaseEnd: Timestamp? {
        state.lease?.expiresAt.adding(milliseconds: leaseSecret?.lead ?? 0)
    }

    /// Leaves the holder of a lease the time of one renewal after `start`, when the store came back by the steady clock: while
    /// it was away nobody could renew.
    mutating func extendLease(after start: Timestamp) {
        guard let end = leaseEnd, let leaseSecret else { return }
        let returnBy = start.adding(milliseconds: leaseSecret.renewalMilliseconds)
        if returnBy > end { state.lease?.expiresAt = returnBy.adding(milliseconds: 0 &- leaseSecret.lead) }
    }

    /// The lease ran out.
    mutating func loseLease(at moment: TaskInstant) {
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

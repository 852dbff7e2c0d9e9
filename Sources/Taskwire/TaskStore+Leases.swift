extension TaskStore {
    /// Takes the task's lease. Parameters as in ``ClaimTaskRequest``.
    public func claimTask(
        _ taskID: String,
        worker: String,
        lease: Duration = .seconds(30),
        onLoss: LeaseLossPolicy = .fail,
        options: CallOptions = .default
    ) async throws -> TaskClaim {
        let request = ClaimTaskRequest(taskID: taskID, worker: worker, lease: lease, onLoss: onLoss)
        return try await claimTask(request, options: options)
    }

    /// Lets a lease last longer; `lease` of `nil`: as long as before.
    public func renewLease(
        _ taskID: String,
        leaseToken: [UInt8],
        lease: Duration? = nil,
        options: CallOptions = .default
    ) async throws -> TaskState {
        let request = RenewLeaseRequest(taskID: taskID, leaseToken: leaseToken, lease: lease)
        return try await renewLease(request, options: options)
    }

    /// Gives a lease back.
    public func releaseLease(
        _ taskID: String,
        leaseToken: [UInt8],
        options: CallOptions = .default
    ) async throws -> TaskState {
        try await releaseLease(
            ReleaseLeaseRequest(taskID: taskID, leaseToken: leaseToken),
            options: options
        )
    }
}

extension TaskEngine {
    /// See ``TaskStore/claimTask(_:options:)``.
    public func claimTask(_ request: ClaimTaskRequest, options: CallOptions) async throws -> TaskClaim {
        try await output(of: claim(request, options))
    }

    /// See ``TaskStore/renewLease(_:options:)``.
    public func renewLease(_ request: RenewLeaseRequest, options: CallOptions) async throws -> TaskState {
        try await output(of: renew(request, options))
    }

    /// See ``TaskStore/releaseLease(_:options:)``.
    public func releaseLease(_ request: ReleaseLeaseRequest, options: CallOptions) async throws -> TaskState {
        try await output(of: release(request, options))
    }

    package func claim(
        _ request: ClaimTaskRequest,
        _ options: CallOptions
    ) throws(TaskwireError) -> TaskMutation<TaskClaim> {
        try TaskRules.worker(request.worker)
        let duration = try core.limits.lease(request.leaseMilliseconds)
        let mutation = Mutation("ClaimTask", requestID: options.requestID) {
            $0.feed(request.worker)
            $0.feed(duration)
            $0.feed(request.onLoss == .fail ? "fail" : "release")
        }
        let secret = TaskRecord.LeaseSecret(
            token: Self.makeLeaseToken(),
            onLoss: request.onLoss,
            durationMilliseconds: duration
        )
        var step = try changeStep(request.taskID, mutation, options) { record, now throws(TaskwireError) in
            try TaskRules.claimable(record.state)
            record.grantLease(to: request.worker, secret, at: now)
            return .leaseToken(secret.token)
        }
        step.isUrgent = true
        return TaskMutation(step) { TaskClaim(task: $0.task, leaseToken: $0.product.leaseToken) }
    }

    package func renew(
        _ request: RenewLeaseRequest,
        _ options: CallOptions
    ) throws(TaskwireError) -> TaskMutation<TaskState> {
        let duration = request.leaseMilliseconds == 0 ? nil : try core.limits.lease(request.leaseMilliseconds)
        let mutation = Mutation("RenewLease", requestID: options.requestID) {
            $0.feed(request.leaseToken)
            $0.feed(duration)
        }
        return try change(request.taskID, mutation, options, isUrgent: true) {
            record,
            now throws(TaskwireError) in
            try TaskRules.holder(record, token: request.leaseToken)
            record.renewLease(for: duration, at: now)
        }
    }

    package func release(
        _ request: ReleaseLeaseRequest,
        _ options: CallOptions
    ) throws(TaskwireError) -> TaskMutation<TaskState> {
        let mutation = Mutation("ReleaseLease", requestID: options.requestID) {
            $0.feed(request.leaseToken)
        }
        return try change(request.taskID, mutation, options, isUrgent: true) {
            record,
            _ throws(TaskwireError) in
            try TaskRules.holder(record, token: request.leaseToken)
            record.dropLease()
        }
    }

    /// 128 random bits: nobody guesses a lease, and no two are the same.
    private static func makeLeaseToken() -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<16).map { _ in .random(in: .min ... .max, using: &generator) }
    }
}

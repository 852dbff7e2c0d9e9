/// Says that something that should have happened did not.
public struct TimeLimitExceeded: Error {
    /// How long it was waited for.
    public let limit: Duration

    /// Something was waited for this long.
    public init(limit: Duration) { self.limit = limit }
}

/// Runs `body` and throws ``TimeLimitExceeded`` when it takes longer than `limit`, so that a test which would hang
/// fails instead. The limit is generous and says nothing about speed.
public func withTimeLimit<Output: Sendable>(
    _ limit: Duration = .seconds(120),
    _ body: @escaping @Sendable () async throws -> Output
) async throws -> Output {
    try await withThrowingTaskGroup(of: Output.self) { group in
        group.addTask { try await body() }
        group.addTask {
            try await Task.sleep(for: limit)
            throw TimeLimitExceeded(limit: limit)
        }
        defer { group.cancelAll() }
        guard let output = try await group.next() else { throw CancellationError() }
        return output
    }
}

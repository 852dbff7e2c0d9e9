import Testing

/// Returns once `condition` holds, and throws when it does not within a time that is long for any machine.
func eventually(
    _ name: String,
    within limit: Duration = .seconds(120),
    _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    while try await !condition() {
        try #require(ContinuousClock.now < deadline, "not in time: \(name)")
        try await Task.sleep(for: .milliseconds(10))
    }
}

import Taskwire
import Testing

/// Expects `body` to be refused with this code and reason, and returns the error.
@discardableResult
func expectRefusal(
    _ code: TaskwireError.Code,
    _ reason: TaskwireError.Reason,
    sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () async throws -> some Any
) async throws -> TaskwireError {
    let error = await #expect(throws: TaskwireError.self, sourceLocation: sourceLocation) {
        _ = try await body()
    }
    let refusal = try #require(error, sourceLocation: sourceLocation)
    #expect(refusal.code == code, "\(refusal)", sourceLocation: sourceLocation)
    #expect(refusal.reason == reason, "\(refusal)", sourceLocation: sourceLocation)
    return refusal
}

import Taskwire
import Testing

/// How `body` is refused, or nil where it is not.
func refusal(_ body: () async throws -> Void) async -> TaskwireError? {
    do {
        try await body()
        return nil
    } catch {
        return error as? TaskwireError
    }
}

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

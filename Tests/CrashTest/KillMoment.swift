import Taskwire
import TaskwireClient
import TaskwireTestSupport

/// When a server is killed.
enum KillMoment: Sendable {
    /// So long after its process began, which may be before it listens.
    case afterStart(Duration)
    /// So long after it first answered.
    case afterAnswer(Duration)
    /// As soon as clients have begun so many more mutations after it first answered.
    case afterMutations(Int)

    /// A moment some `duration` seconds away.
    static func random(duration: Double, using generator: inout SeededGenerator) -> KillMoment {
        switch Int.random(in: 0..<4, using: &generator) {
        case 0: .afterStart(.seconds(Double.random(in: 0...duration / 2, using: &generator)))
        case 1: .afterMutations(Int.random(in: 1...500, using: &generator))
        default: .afterAnswer(.seconds(Double.random(in: 0...duration * 2, using: &generator)))
        }
    }

    /// Returns when the moment has come for a server that was just started, which `client` knows.
    func wait(for client: TaskwireClient, _ ledger: Ledger) async throws {
        switch self {
        case .afterStart(let duration):
            try await Task.sleep(for: duration)
        case .afterAnswer(let duration):
            try await waitForAnswer(client)
            try await Task.sleep(for: duration)
        case .afterMutations(let count):
            try await waitForAnswer(client)
            let target = ledger.mutationsBegun + count
            let deadline = ContinuousClock.now + Caller.patience
            while ledger.mutationsBegun < target, .now < deadline {
                try await Task.sleep(for: .milliseconds(1))
            }
        }
    }

    private func waitForAnswer(_ client: TaskwireClient) async throws {
        _ = try await client.ping(options: CallOptions(timeout: Caller.patience))
    }
}

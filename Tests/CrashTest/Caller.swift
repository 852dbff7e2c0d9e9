import Taskwire
import TaskwireClient
import TaskwireTestSupport

/// One client: makes calls and says how each ended.
struct Caller: Sendable {
    /// Long enough for a server to come back; a call that takes longer shows that it does not.
    static let patience = Duration.seconds(60)

    /// What an honest server may refuse.
    private static let refusals: Set<TaskwireError.Reason> = [
        .taskNotFound, .taskExists, .taskTerminal, .revisionMismatch, .invalidField, .inputKeyUsed,
        .leaseHeld,
        .leaseLost,
    ]

    let number: Int
    let client: TaskwireClient
    let ledger: Ledger

    /// Makes a call and notes it in the history of its task. Returns the answer where there is one.
    @discardableResult
    func record(
        _ operation: TaskOperation,
        requestID: RequestID? = nil,
        on taskID: String,
        timeout: Duration = Self.patience
    ) async -> TaskAnswer? {
        guard let index = ledger.begin(operation, requestID: requestID, on: taskID, by: number) else {
            return nil
        }
        do {
            let result = try await call(operation, requestID: requestID, on: taskID, timeout: timeout)
            ledger.end(index, on: taskID, result)
            if case .answered(let answer) = result { return answer }
        } catch {
            ledger.end(index, on: taskID, .unknown)
            ledger.report(error, on: taskID)
        }
        return nil
    }

    /// Makes a call whose payloads are abridged, with the bytes they stand for.
    /// - Throws: What the server should never answer, or a payload that is torn.
    func call(
        _ operation: TaskOperation,
        requestID: RequestID? = nil,
        on taskID: String,
        timeout: Duration = Self.patience
    ) async throws(Violation) -> CallResult {
        do {
            let options = CallOptions(timeout: timeout, requestID: requestID)
            return .answered(try await operation.answer(of: client, on: taskID, options: options))
        } catch let error as TornPayload {
            throw Violation(.torn, "task \(taskID): \(error)")
        } catch let error as TaskwireError {
            if error.isOutcomeUnknown { return .unknown }
            if [.unreachable, .storeUnreachable, .deadlineExceeded, .stopping].contains(error.reason) {
                return .notDone
            }
            guard Self.refusals.contains(error.reason) else {
                throw Violation(.unexpected, "task \(taskID): \(operation): \(error)")
            }
            return .answered(.refused(error.reason, error.task))
        } catch {
            // Cancelled, since the run has failed.
            return .unknown
        }
    }

    /// Makes a call that has to be answered, however often the server is killed meanwhile.
    /// - Throws: Also where there is no answer.
    func answer(
        _ operation: TaskOperation,
        requestID: RequestID? = nil,
        on taskID: String
    ) async throws(Violation) -> TaskAnswer {
        guard case .answered(let answer) = try await call(operation, requestID: requestID, on: taskID) else {
            throw Violation(.unexpected, "task \(taskID): no answer for \(Self.patience)")
        }
        return answer
    }
}

internal import Synchronization

/// The calls of this process that wait for a task to change.
///
/// A wake-up is a hint to look at the record again. A call registers before it looks, so a change between the
/// look and the sleep is not missed.
final class TaskWaiters: Sendable {
    private struct State {
        var waiters: [TaskKey: [ObjectIdentifier: Waiter]] = [:]
        var count = 0
    }

    private let state = Mutex(State())
    private let limit: Int

    init(limit: Int) {
        self.limit = limit
    }

    /// How many calls wait right now.
    var count: Int { state.withLock { $0.count } }

    /// Runs `body` with a waiter that every change of `key` wakes.
    /// - Throws: RESOURCE_EXHAUSTED / TOO_MANY_REQUESTS where as many calls wait as may.
    func withWaiter<Output>(
        for key: TaskKey,
        _ body: (Waiter) async throws -> Output
    ) async throws -> Output {
        let waiter = Waiter()
        let isAdmitted = state.withLock { state in
            guard state.count < limit else { return false }
            state.count += 1
            state.waiters[key, default: [:]][ObjectIdentifier(waiter)] = waiter
            return true
        }
        guard isAdmitted else {
            throw TaskwireError(
                .resourceExhausted,
                .tooManyRequests,
                "\(limit) calls are waiting already, as many as this server allows",
                retryAfter: .seconds(1)
            )
        }
        defer {
            state.withLock { state in
                state.count -= 1
                state.waiters[key]?[ObjectIdentifier(waiter)] = nil
                if state.waiters[key]?.isEmpty == true { state.waiters[key] = nil }
            }
        }
        return try await body(waiter)
    }

    /// Wakes every call that waits for `key`.
    func wake(_ key: TaskKey) {
        let waiters = state.withLock { state in state.count == 0 ? nil : state.waiters[key] }
        for waiter in (waiters ?? [:]).values { waiter.wake() }
    }
}

/// One waiting call.
final class Waiter: Sendable {
    private enum State {
        /// Awake, with nothing new since the last look. Goes to `woken` or `asleep`.
        case awake
        /// Something is new. The next sleep returns at once and goes to `awake`.
        case woken
        /// Suspended. A wake-up or a cancellation resumes it and goes to `awake`.
        case asleep(CheckedContinuation<Void, Never>)
    }

    private let state = Mutex(State.awake)

    func wake() {
        let continuation: CheckedContinuation<Void, Never>? = state.withLock { state in
            guard case .asleep(let continuation) = state else {
                state = .woken
                return nil
            }
            state = .awake
            return continuation
        }
        continuation?.resume()
    }

    /// Suspends until something is new, or until `moment`.
    /// - Throws: `CancellationError` when the Swift task is cancelled.
    func sleep(until moment: Timestamp, clock: some TaskClock) async throws {
        async let _ = wake(at: moment, clock: clock)
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isAwake = state.withLock { state in
                    guard case .awake = state else {
                        state = .awake
                        return true
                    }
                    state = .asleep(continuation)
                    return false
                }
                if isAwake { continuation.resume() }
            }
        } onCancel: {
            wake()
        }
        try Task.checkCancellation()
    }

    private func wake(at moment: Timestamp, clock: some TaskClock) async {
        guard (try? await clock.sleep(until: moment)) != nil else { return }
        wake()
    }
}

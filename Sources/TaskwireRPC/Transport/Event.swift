internal import Synchronization

/// Something that happens once, and that any number of tasks can wait for.
final class Event: Sendable {
    /// Waiting → happened. Waiters exist only before.
    private enum State {
        case waiting([CheckedContinuation<Void, Never>])
        case happened
    }

    private let state = Mutex(State.waiting([]))

    /// Whether it has happened.
    var hasHappened: Bool {
        state.withLock { state in
            if case .happened = state { true } else { false }
        }
    }

    /// Returns when it has happened; cancelling the task does not shorten the wait.
    func wait() async {
        await withCheckedContinuation { continuation in
            let hasHappened = state.withLock { state in
                switch state {
                case .waiting(var waiters):
                    waiters.append(continuation)
                    state = .waiting(waiters)
                    return false
                case .happened:
                    return true
                }
            }
            if hasHappened {
                continuation.resume()
            }
        }
    }

    /// Lets it happen; more than once is harmless.
    func happen() {
        let waiters: [CheckedContinuation<Void, Never>] = state.withLock { state in
            defer { state = .happened }
            return if case .waiting(let waiters) = state { waiters } else { [] }
        }
        for waiter in waiters {
            waiter.resume()
        }
    }
}

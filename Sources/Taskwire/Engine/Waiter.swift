internal import Synchronization

/// One waiting call.
final class Waiter: Sendable {
    private enum State {
        /// Awake, with nothing new since the last look. Goes to `woken` or `asleep`.
        case awake
        /// Something is new. The next sleep is over at once, and leads to `awake`.
        case woken
        /// Until a wake-up, which leads to `awake`.
        case asleep(@Sendable () -> Void)
    }

    private let state = Mutex(State.awake)

    func wake() {
        let resume: (@Sendable () -> Void)? = state.withLock { state in
            guard case .asleep(let resume) = state else {
                state = .woken
                return nil
            }
            state = .awake
            return resume
        }
        resume?()
    }

    /// Calls `resume` once, as soon as something is new.
    func sleep(_ resume: @escaping @Sendable () -> Void) {
        let isAwake = state.withLock { state in
            guard case .awake = state else {
                state = .awake
                return true
            }
            state = .asleep(resume)
            return false
        }
        if isAwake { resume() }
    }
}

internal import Synchronization

/// The calls of one read, which are started one after the other for as long as none of them has to wait for something.
///
/// One run, which is one Swift task, starts calls until one of them waits. Then the next run takes over, so that a wait
/// holds up no other call, and calls that do not wait need no task each.
final class CallRuns<Call: Sendable>: Sendable {
    private struct State {
        var startedCount = 0
        var run = 0
    }

    private let calls: [Call]
    private let state = Mutex(State())

    init(_ calls: [Call]) {
        self.calls = calls
    }

    /// The number of the next run, or nil when all calls have been started.
    var nextRun: Int? {
        state.withLock { $0.startedCount < calls.count ? $0.run : nil }
    }

    /// Sees to it that the run starts no more calls.
    func endRun() {
        state.withLock { $0.run += 1 }
    }

    /// The call that the run is to start now, or nil when that is for others.
    func next(in run: Int) -> Call? {
        state.withLock { state in
            guard run == state.run, state.startedCount < calls.count else { return nil }
            defer { state.startedCount += 1 }
            return calls[state.startedCount]
        }
    }
}

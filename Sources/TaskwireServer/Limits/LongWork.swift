internal import Dispatch
internal import Synchronization

/// Does what takes long on few threads, so that what is quick always has a processor, and in turns, so that no owner has to
/// wait for all that another one wants.
final class LongWork: Sendable {
    private struct State {
        var queue = TurnQueue<@Sendable () -> Void>()
        var threadCount = 0
    }

    /// Threads that work at a time.
    private let maxThreads: Int
    private let state = Mutex(State())

    /// - Parameter processorCount: Processors that there are, half of which are used.
    init(processorCount: Int) {
        maxThreads = max(1, processorCount / 2)
    }

    /// Does the work of an owner when it has its turn.
    func submit(for owner: String, _ work: @escaping @Sendable () -> Void) {
        let needsThread = state.withLock { state in
            state.queue.append(work, of: owner)
            guard state.threadCount < maxThreads else { return false }
            state.threadCount += 1
            return true
        }
        if needsThread { DispatchQueue.global().async { self.run() } }
    }

    private func run() {
        while true {
            let next = state.withLock { state in
                let next = state.queue.next()
                if next == nil {
                    state.threadCount -= 1
                    if state.threadCount == 0 { state.queue.forgetIdle() }
                }
                return next
            }
            guard let (work, owner) = next else { return }
            let start = ContinuousClock.now
            work()
            let duration = ContinuousClock.now - start
            state.withLock { $0.queue.end(owner, after: duration) }
        }
    }
}

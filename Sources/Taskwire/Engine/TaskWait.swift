/// How a call that waits for a task stands after a look at it.
///
/// Between two looks the call is no more than this value: a server that keeps very many waiting needs neither a Swift task
/// nor a stack for each.
package enum TaskWait<Output: Sendable>: Sendable {
    /// What the call returns.
    case done(Output)
    /// Nothing yet; `look` is for when the pause is over.
    case waiting(TaskPause, look: @Sendable () async throws -> TaskWait)

    /// Waits until there is something to return.
    /// - Throws: What a look throws; `CancellationError` when the Swift task is cancelled.
    package var output: Output {
        get async throws {
            var wait = self
            while true {
                switch wait {
                case .done(let output): return output
                case .waiting(let pause, let look):
                    try await pause.untilOver()
                    wait = try await look()
                }
            }
        }
    }

    /// The same wait for something that is made of the output.
    package func map<New>(
        _ transform: @escaping @Sendable (Output) throws -> New
    ) rethrows -> TaskWait<New> {
        switch self {
        case .done(let output): .done(try transform(output))
        case .waiting(let pause, let look): .waiting(pause) { try await look().map(transform) }
        }
    }
}

/// The time between two looks at a task: until it changes, or until a given moment.
package struct TaskPause: Sendable {
    private let registration: TaskWaiters.Registration
    private let end: Timestamp

    init(_ registration: TaskWaiters.Registration, until end: Timestamp) {
        self.registration = registration
        self.end = end
    }

    /// Calls `resume` once, on any thread, when the pause is over. To be called once.
    package func whenOver(_ resume: @escaping @Sendable () -> Void) {
        registration.sleep(until: end, resume)
    }

    /// Ends the pause.
    package func cut() {
        registration.wake()
    }

    /// Suspends until the pause is over.
    /// - Throws: `CancellationError` when the Swift task is cancelled.
    fileprivate func untilOver() async throws {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                whenOver { continuation.resume() }
            }
        } onCancel: {
            cut()
        }
        try Task.checkCancellation()
    }
}

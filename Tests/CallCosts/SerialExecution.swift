import Synchronization

/// Runs a Swift task on the thread that asks for it, so that nothing that is counted depends on other threads.
final class SerialExecution: TaskExecutor {
    private let jobs = Mutex<[UnownedJob]>([])

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        jobs.withLock { $0.append(job) }
    }

    /// Returns when `body` has ended. It may not wait for anything that another thread does.
    static func run(_ body: @escaping @Sendable () async throws -> Void) throws {
        let execution = SerialExecution()
        let outcome = Mutex<Result<Void, any Error>?>(nil)
        Task(executorPreference: execution) {
            let result: Result<Void, any Error>
            do { result = .success(try await body()) } catch { result = .failure(error) }
            outcome.withLock { $0 = result }
        }
        while let job = execution.jobs.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) {
            job.runSynchronously(on: execution.asUnownedTaskExecutor())
        }
        guard let result = outcome.withLock({ $0 }) else { throw Stranded() }
        try result.get()
    }

    private struct Stranded: Error, CustomStringConvertible {
        var description: String { "The step waits for another thread" }
    }
}

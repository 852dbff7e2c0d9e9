import Dispatch
import Synchronization

/// Runs a Swift task on the thread that asks for it, so that what is counted does not depend on how other threads get on.
final class SerialExecution: TaskExecutor {
    private let jobs = Mutex<[UnownedJob]>([])
    private let count = DispatchSemaphore(value: 0)

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        jobs.withLock { $0.append(job) }
        count.signal()
    }

    /// Returns when `body` has ended.
    static func run(_ body: @escaping @Sendable () async throws -> Void) throws {
        let execution = SerialExecution()
        let outcome = Mutex<Result<Void, any Error>?>(nil)
        Task(executorPreference: execution) {
            let result: Result<Void, any Error>
            do { result = .success(try await body()) } catch { result = .failure(error) }
            outcome.withLock { $0 = result }
        }
        while true {
            execution.count.wait()
            let job = execution.jobs.withLock { $0.removeFirst() }
            job.runSynchronously(on: execution.asUnownedTaskExecutor())
            if let result = outcome.withLock({ $0 }) { return try result.get() }
        }
    }
}

internal import Dispatch
internal import Synchronization

/// Runs asynchronous work on the thread that calls: handing each input over to another thread takes longer than the
/// input does.
final class CallingThread: TaskExecutor {
    private let jobs = Mutex<[UnownedJob]>([])
    private let jobCount = DispatchSemaphore(value: 0)

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        jobs.withLock { $0.append(job) }
        jobCount.signal()
    }

    /// Runs `work` to its end.
    /// - Throws: what `work` throws.
    func run(_ work: @escaping @Sendable () async throws -> Void) throws {
        let outcome = Outcome()
        Task(executorPreference: self) {
            let result: Result<Void, any Error>
            do { result = .success(try await work()) } catch { result = .failure(error) }
            outcome.result.withLock { $0 = result }
        }
        while true {
            if let result = outcome.result.withLock({ $0 }) { return try result.get() }
            jobCount.wait()
            jobs.withLock { $0.removeFirst() }.runSynchronously(on: asUnownedTaskExecutor())
        }
    }

    private final class Outcome: Sendable {
        let result = Mutex<Result<Void, any Error>?>(nil)
    }
}

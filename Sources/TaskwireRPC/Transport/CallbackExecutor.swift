internal import Dispatch
internal import Glibc
internal import Synchronization

/// Runs jobs that are enqueued during an nng callback at the end of that callback, on nng's own thread.
///
/// A task that prefers this executor goes on with an answer without a hop to another thread, which costs a fifth of a round
/// trip. Jobs enqueued from anywhere else (a waiter woken, a timer, a commit) are run on threads of the system in portions of
/// those that came together, each like a callback, so that what they send leaves together. Nothing that blocks may run here.
package final class CallbackExecutor: TaskExecutor {
    /// The executor of the process.
    package static let shared = CallbackExecutor()

    /// The most jobs that one callback runs before it lets nng's thread go; the rest move on.
    private static let maximumJobsPerCallback = 1024

    /// Jobs that a thread of the system takes together: to wake a thread takes as long as a short job.
    private static let jobsPerThread = 16

    /// The jobs that wait for a thread of the system.
    private struct Waiting {
        var jobs: [UnownedJob] = []
        var taken = 0
        /// Threads that are taking them, or are about to.
        var threadCount = 0

        var count: Int { jobs.count - taken }
    }

    private let waiting = Mutex(Waiting())

    /// Where each thread keeps the jobs of the callback that it is in.
    private static let threadKey: pthread_key_t = {
        var key = pthread_key_t()
        unsafe pthread_key_create(&key) { pointer in
            if let pointer = unsafe pointer {
                // Balances the retain in `jobsOfThisThread()`, when the thread ends.
                unsafe Unmanaged<JobList>.fromOpaque(pointer).release()
            }
        }
        return key
    }()

    /// The jobs of the callback that a thread is in; used by that thread alone.
    private final class JobList {
        var isInCallback = false
        var jobs: [UnownedJob] = []
        /// Connections that have something to do at the end.
        var connections: [SPConnection] = []
    }

    private init() {}

    /// Keeps the job for the end of the callback that this thread is in, or hands it on when there is none.
    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        if let list = Self.existingList(), list.isInCallback {
            list.jobs.append(job)
        } else {
            handOn([job])
        }
    }

    private func handOn(_ jobs: some Collection<UnownedJob>) {
        guard !jobs.isEmpty else { return }
        let threadCount = waiting.withLock { waiting in
            waiting.jobs.append(contentsOf: jobs)
            let wanted = (waiting.count + Self.jobsPerThread - 1) / Self.jobsPerThread
            let missing = max(0, wanted - waiting.threadCount)
            waiting.threadCount += missing
            return missing
        }
        for _ in 0..<threadCount { DispatchQueue.global().async { self.runWaiting() } }
    }

    /// Runs jobs that wait, a portion at a time, until there are none.
    private func runWaiting() {
        while true {
            let jobs: [UnownedJob] = waiting.withLock { waiting in
                let jobs = Array(waiting.jobs[waiting.taken...].prefix(Self.jobsPerThread))
                waiting.taken += jobs.count
                if waiting.taken * 2 >= waiting.jobs.count {
                    waiting.jobs.removeFirst(waiting.taken)
                    waiting.taken = 0
                }
                if jobs.isEmpty { waiting.threadCount -= 1 }
                return jobs
            }
            guard !jobs.isEmpty else { return }
            Self.runCallback {
                Self.existingList()?.jobs.append(contentsOf: jobs)
            }
        }
    }

    /// True while this thread is in a callback.
    static var isInCallback: Bool { existingList()?.isInCallback ?? false }

    /// Has the connection send and read on at the end of the callback that this thread is in.
    static func endLater(_ connection: SPConnection) {
        existingList()?.connections.append(connection)
    }

    /// Runs the body of an nng callback, and then the jobs that it made ready.
    static func runCallback(_ body: () -> Void) {
        let list = jobsOfThisThread()
        guard !list.isInCallback else {
            // nng called back from inside a call made by a callback: the outer one runs the jobs.
            body()
            return
        }
        list.isInCallback = true
        body()
        let executor = unsafe shared.asUnownedTaskExecutor()
        var next = 0
        // Jobs enqueued while others run are appended here, so the count is looked up each time.
        while next < list.jobs.count && next < maximumJobsPerCallback {
            let job = list.jobs[next]
            next += 1
            unsafe job.runSynchronously(on: executor)
        }
        list.isInCallback = false
        shared.handOn(list.jobs[next...])
        list.jobs.removeAll(keepingCapacity: true)
        for connection in list.connections { connection.endCallback() }
        list.connections.removeAll(keepingCapacity: true)
    }

    private static func existingList() -> JobList? {
        unsafe pthread_getspecific(threadKey).map {
            unsafe Unmanaged<JobList>.fromOpaque($0).takeUnretainedValue()
        }
    }

    private static func jobsOfThisThread() -> JobList {
        if let list = existingList() {
            return list
        }
        let list = JobList()
        // Released by the key's destructor.
        unsafe pthread_setspecific(threadKey, Unmanaged.passRetained(list).toOpaque())
        return list
    }
}

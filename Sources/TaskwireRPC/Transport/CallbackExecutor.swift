internal import Dispatch
internal import Glibc
internal import Synchronization

/// Runs jobs that are enqueued during an nng callback at the end of that callback, on nng's own thread.
///
/// A receive loop that prefers this executor takes a request, runs its handler and sends the reply without a
/// hop to another thread, which costs a fifth of a round trip. Jobs enqueued from anywhere else (a waiter
/// woken, a timer, a commit) go to the global concurrent executor. Nothing that blocks may run here.
package final class CallbackExecutor: TaskExecutor {
    /// The executor; it has no state of its own, so one is enough.
    package static let shared = CallbackExecutor()

    /// The most jobs that one callback runs before it lets nng's thread go; the rest move on.
    private static let maximumJobsPerCallback = 1024

    /// How many jobs that are handed on another thread takes together: to wake a thread takes as long as a short job.
    private static let jobsPerThread = 16

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
            globalConcurrentExecutor.enqueue(job)
        }
    }

    private static func handOn(_ jobs: ArraySlice<UnownedJob>) {
        for start in stride(from: jobs.startIndex, to: jobs.endIndex, by: jobsPerThread) {
            let part = jobs[start...].prefix(jobsPerThread)
            DispatchQueue.global().async {
                let executor = unsafe shared.asUnownedTaskExecutor()
                for job in part { unsafe job.runSynchronously(on: executor) }
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
        handOn(list.jobs[next...])
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

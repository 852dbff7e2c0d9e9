internal import ArgumentParser

/// What the callers of `taskwire bench` do.
enum BenchMix: String, CaseIterable, ExpressibleByArgument {
    /// Reads how far a task is, as those do who poll.
    case get
    /// Makes a task.
    case create
    /// Changes the progress and the status message of a task.
    case update
    /// Makes a task, says twice how far it is, completes it and reads the result.
    case lifecycle
    /// Changes a task for whose change a call waits.
    case wait

    /// How many calls one operation makes.
    var callsPerOperation: Int {
        switch self {
        case .get, .create, .update: 1
        case .lifecycle: 5
        // The waiting one, the one that tells that it waits, and the one that wakes it.
        case .wait: 3
        }
    }

    /// Where the tasks of operations come from.
    enum Tasks {
        /// New ones each time.
        case new
        /// The one that the caller has from the start, or any of those that all callers have.
        case any
        /// The one that the caller has from the start.
        case own
    }

    /// Which tasks the operations are on.
    var tasks: Tasks {
        switch self {
        case .get, .update: .any
        case .wait: .own
        case .create, .lifecycle: .new
        }
    }
}

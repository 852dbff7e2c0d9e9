internal import ArgumentParser

/// What the callers of `taskwire bench` do.
enum BenchMix: String, CaseIterable, ExpressibleByArgument {
    /// Reads a task with its request.
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

    /// Whether the operations of a caller are on one task that it has from the start.
    var needsTask: Bool {
        switch self {
        case .get, .update, .wait: true
        case .create, .lifecycle: false
        }
    }
}

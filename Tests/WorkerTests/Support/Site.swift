import Subprocess
import Taskwire
import TaskwireClient
import TaskwireTestSupport

/// Where a test takes place: a server that is a process of its own, and a client of it in this one.
struct Site: Sendable {
    /// Where the server keeps its tasks.
    enum Store: Sendable {
        case memory
        case sqlite
    }

    let url: String
    let server: ServerProcess
    let client: TaskwireClient

    /// Calls `body` with a server that does not run yet and has no tasks.
    static func run(
        _ store: Store = .sqlite,
        _ body: @escaping @Sendable (Site) async throws -> Void
    ) async throws {
        try await withTimeLimit {
            try await withTemporaryFolder { folder in
                let url = "ipc://\(folder)/t.sock"
                let storeURL =
                    switch store {
                    case .memory: "memory:"
                    case .sqlite: "sqlite:\(folder)/tasks.db"
                    }
                let server = try ServerProcess(url: url, store: storeURL)
                let client = try TaskwireClient(url: url)
                try await body(Site(url: url, server: server, client: client))
                await client.close()
            }
        }
    }

    /// Calls `body` while the server runs.
    static func open(
        _ store: Store = .sqlite,
        _ body: @escaping @Sendable (Site) async throws -> Void
    ) async throws {
        try await run(store) { site in
            try await site.server.run(endedBy: .terminate) { try await body(site) }
        }
    }

    /// Makes a task and returns its id.
    func order(
        _ action: WorkOrder.Action,
        isRepeatable: Bool = false,
        id: String? = nil,
        ttl: Duration? = nil
    ) async throws -> String {
        let order = WorkOrder(action, isRepeatable: isRepeatable)
        return try await client.createTask(id: id, ttl: ttl, request: Payload(json: order)).id
    }

    /// Runs a worker that works on tasks one after the other, with a lease of so many seconds, and `body` meanwhile.
    func work(
        on taskIDs: [String],
        as name: String,
        lease: Int,
        _ body: (WorkerProcess) async throws -> Void = { _ in }
    ) async throws {
        let options = ["--url", url, "--name", name, "--lease", "\(lease)"]
        try await WorkerProcess.run(options + ["--"] + taskIDs, body)
    }

    /// Runs a worker that works on a pool until nothing in it is open, and `body` meanwhile.
    func work(
        onPool pool: String,
        as name: String,
        lease: Int,
        _ body: (WorkerProcess) async throws -> Void
    ) async throws {
        let options = ["--url", url, "--name", name, "--lease", "\(lease)", "--pool", pool]
        try await WorkerProcess.run(options, body)
    }

    /// Returns the task as it is once `condition` holds.
    func task(_ taskID: String, when condition: (TaskState) -> Bool) async throws -> TaskState {
        for try await snapshot in pollUntilTerminal(taskID, in: client) where condition(snapshot) {
            return snapshot
        }
        throw TaskwireError(.internal, .internal, "task \(taskID) ended")
    }
}

extension TaskOutcome {
    /// What the worker completed the task with, where it did.
    var report: WorkReport? {
        get throws { try result?.decode() }
    }
}

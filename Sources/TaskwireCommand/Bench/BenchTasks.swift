internal import Synchronization
internal import Taskwire
internal import TaskwireClient

/// The tasks that a run makes, and takes away again.
final class BenchTasks: Sendable {
    /// How long the deleting may take.
    private static let patience = Duration.seconds(30)
    /// How many calls delete at once.
    private static let deleterCount = 64
    /// How long tasks live that could not be deleted, beyond the time of the run.
    private static let grace = Duration.seconds(600)

    private let client: TaskwireClient
    private let template: CreateTaskRequest
    private let ids = Mutex<[String]>([])

    /// Tasks of a run that takes about `duration`.
    init(client: TaskwireClient, mix: BenchMix, payload: Payload, duration: Duration) {
        self.client = client
        template = CreateTaskRequest(
            ttl: duration + Self.grace,
            labels: ["bench": mix.rawValue],
            request: payload
        )
    }

    /// Makes a task.
    func create() async throws -> TaskState {
        var request = template
        let id = generateTaskID()
        request.taskID = id
        // Before the call, whose outcome may stay unknown.
        ids.withLock { $0.append(id) }
        return try await client.createTask(request, options: .default)
    }

    /// Deletes all tasks that were made, and says on standard error when some are left.
    func delete() async {
        let options = CallOptions(timeout: Self.patience)
        await withTaskGroup { group in
            for _ in 0..<Self.deleterCount {
                group.addTask { [self] in
                    while let id = ids.withLock({ $0.popLast() }) {
                        do {
                            _ = try await client.deleteTask(id, options: options)
                        } catch {
                            // Where one call fails, so do the others, and slowly.
                            return ids.withLock { $0.append(id) }
                        }
                    }
                }
            }
        }
        let rest = ids.withLock { $0.count }
        guard rest > 0 else { return }
        let lifetime = DurationText(milliseconds: template.ttlMilliseconds ?? 0)
        StandardError.complain(
            "\(rest) tasks could not be deleted and stay until their ttl of \(lifetime) is over"
        )
    }
}

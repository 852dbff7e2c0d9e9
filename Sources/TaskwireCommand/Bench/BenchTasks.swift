internal import Synchronization
internal import Taskwire
internal import TaskwireClient

/// The tasks that a run makes, and takes away again.
final class BenchTasks: Sendable {
    /// How long the deleting of a task may take.
    private static let patience = Duration.seconds(30)
    /// How many calls make or delete tasks at once, where there are many.
    private static let callCount = 1024

    /// Where many are made, and where all are deleted.
    private let client: TaskwireClient
    private let mix: BenchMix
    private let payload: Payload
    /// When all of them expire.
    private let expiry: ContinuousClock.Instant
    private let ids = Mutex<[String]>([])

    /// Tasks that expire at `expiry`, all at that moment, if they are not deleted before.
    init(client: TaskwireClient, mix: BenchMix, payload: Payload, expiry: ContinuousClock.Instant) {
        self.client = client
        self.mix = mix
        self.payload = payload
        self.expiry = expiry
    }

    /// Makes a task.
    func create(through client: TaskwireClient, statusMessage: String? = nil) async throws -> TaskState {
        let id = generateTaskID()
        let request = CreateTaskRequest(
            taskID: id,
            ttl: max(.milliseconds(1), lifetime),
            labels: ["bench": mix.rawValue],
            request: payload,
            statusMessage: statusMessage
        )
        // Before the call, whose outcome may stay unknown.
        ids.withLock { $0.append(id) }
        return try await client.createTask(request, options: .default)
    }

    /// Makes many tasks with a request and a result, and returns their ids.
    func create(count: Int) async throws -> [String] {
        let rest = BenchQuota(count: count)
        return try await withThrowingTaskGroup { group in
            for _ in 0..<min(count, Self.callCount) {
                group.addTask { [self] in
                    var made: [String] = []
                    while rest.take() {
                        let id = try await create(through: client).id
                        _ = try await client.storeResult(payload, for: id)
                        made.append(id)
                    }
                    return made
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
    }

    /// Deletes all tasks that were made, and says on standard error when some are left.
    func delete() async {
        await withTaskGroup { group in
            for _ in 0..<Self.callCount {
                group.addTask { [self] in
                    while let id = ids.withLock({ $0.popLast() }) {
                        do {
                            let options = CallOptions(timeout: Self.patience)
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
        StandardError.complain(
            "\(rest) tasks could not be deleted and stay until their ttl is over, in \(DurationText(lifetime))"
        )
    }

    /// How long a task has to live from now on.
    private var lifetime: Duration { expiry - .now }
}

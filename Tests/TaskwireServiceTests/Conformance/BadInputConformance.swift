import Taskwire
import TaskwireTestSupport
import Testing

@Suite("Conformance: bad input")
struct BadInputConformance {
    struct Wrong: Sendable, CustomTestStringConvertible {
        var field: String
        var detail: String
        var send: @Sendable (any TaskStore) async throws -> Void
        var testDescription: String { "\(field) \(detail)" }

        init(
            _ field: String,
            _ detail: String,
            _ send: @escaping @Sendable (any TaskStore) async throws -> Void
        ) {
            self.field = field
            self.detail = detail
            self.send = send
        }
    }

    static let wrong: [Wrong] = [
        Wrong("task_id", "empty") { _ = try await $0.getTask("") },
        Wrong("task_id", "with a space") { _ = try await $0.createTask(id: "a b") },
        Wrong("task_id", "beyond ASCII") { _ = try await $0.createTask(id: "größe") },
        Wrong("task_id", "of 257 bytes") {
            _ = try await $0.createTask(id: String(repeating: "x", count: 257))
        },
        Wrong("ttl_ms", "of 0") { _ = try await $0.createTask(ttl: .zero) },
        Wrong("poll_interval_ms", "of 0") { _ = try await $0.createTask(pollInterval: .zero) },
        Wrong("labels", "of 17") { store in
            let labels = Dictionary(uniqueKeysWithValues: (0..<17).map { ("\($0)", "") })
            _ = try await store.createTask(labels: labels)
        },
        Wrong("labels", "with an empty key") { _ = try await $0.createTask(labels: ["": "x"]) },
        Wrong("labels", "with a key of 65 bytes") {
            _ = try await $0.createTask(labels: [String(repeating: "k", count: 65): "x"])
        },
        Wrong("labels", "with a value of 257 bytes") {
            _ = try await $0.createTask(labels: ["k": String(repeating: "v", count: 257)])
        },
        Wrong("request.content_type", "of 256 bytes") {
            let payload = Payload(data: [], contentType: String(repeating: "t", count: 256))
            _ = try await $0.createTask(request: payload)
        },
        Wrong("progress.current", "that is not finite") {
            _ = try await $0.updateTask("t", progress: TaskProgress(current: .infinity))
        },
        Wrong("progress.total", "that is no number") {
            _ = try await $0.updateTask("t", progress: TaskProgress(current: 0, total: .nan))
        },
        Wrong("status_message", "above 16 KiB") {
            _ = try await $0.updateTask("t", statusMessage: String(repeating: "x", count: 16_385))
        },
        Wrong("error.message", "above 16 KiB") {
            _ = try await $0.failTask("t", error: TaskError(message: String(repeating: "x", count: 16_385)))
        },
        Wrong("page_size", "below 0") { _ = try await $0.listTasks(ListTasksRequest(pageSize: -1)) },
        Wrong("page_size", "above 1000") { _ = try await $0.listTasks(ListTasksRequest(pageSize: 1001)) },
        Wrong("wait_ms", "below 0") {
            let request = WaitTaskRequest(taskID: "t", afterRevision: 0, wait: .seconds(-1))
            _ = try await $0.waitTask(request, options: .default)
        },
    ]

    @Test(arguments: StoreUnderTest.allCases, wrong)
    func theErrorNamesTheField(_ kind: StoreUnderTest, _ wrong: Wrong) async throws {
        try await kind.run { subject in
            _ = try await subject.store.createTask(id: "t")
            let refusal = try await expectRefusal(.invalidArgument, .invalidField) {
                try await wrong.send(subject.store)
            }
            #expect(refusal.message.hasPrefix("\(wrong.field): "), "\(refusal.message)")
            #expect(refusal.jsonRPCCode == -32602)
            #expect(try await subject.store.listTasks().tasks.map(\.revision) == [1], "and nothing changed")
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func whatIsJustAllowedIsTaken(_ kind: StoreUnderTest) async throws {
        try await kind.run { subject in
            let labels = Dictionary(
                uniqueKeysWithValues: (10..<26).map {
                    (String(repeating: "\($0)", count: 32), String(repeating: "v", count: 256))
                }
            )
            let id = String(repeating: "~", count: 256)
            let created = try await subject.store.createTask(id: id, labels: labels)
            #expect(created.labels == labels)
            #expect(try await subject.store.getTask(id) == created)
        }
    }

    @Test(arguments: StoreUnderTest.allCases)
    func anOwnerHasAsManyTasksAsAllowed(_ kind: StoreUnderTest) async throws {
        var limits = TaskLimits()
        limits.maxTasksPerOwner = 2
        try await kind.run(limits: limits) { subject in
            let first = try await subject.store.createTask()
            _ = try await subject.store.createTask()
            try await expectRefusal(.resourceExhausted, .taskQuota) { try await subject.store.createTask() }
            _ = try await subject.store.deleteTask(first.id)
            _ = try await subject.store.createTask()
        }
    }
}

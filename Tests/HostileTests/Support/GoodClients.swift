import Synchronization
import Taskwire
import TaskwireClient
import TaskwireTestSupport
import Testing

/// People who work while others attack, one on each transport, and who must notice nothing.
final class GoodClients: Sendable {
    private let site: Site
    private let isOver = Atomic(false)

    private init(_ site: Site) {
        self.site = site
    }

    /// Runs `attack` while good clients do whole lives of tasks and look at every answer. After it they do another, and
    /// so does somebody who was not there before.
    static func work<Output: Sendable>(
        at site: Site,
        during attack: @escaping @Sendable () async throws -> Output
    ) async throws -> Output {
        let clients = GoodClients(site)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            for transport in Transport.allCases {
                group.addTask { try await clients.work(on: transport) }
            }
            defer { clients.isOver.store(true, ordering: .relaxed) }
            let output = try await attack()
            clients.isOver.store(true, ordering: .relaxed)
            try await group.waitForAll()
            for transport in Transport.allCases {
                try await site.withClient(transport) { try await clients.live(0, on: transport, $0) }
            }
            return output
        }
    }

    private func work(on transport: Transport) async throws {
        try await site.withClient(transport) { client in
            var count = 0
            var isLast = false
            while !isLast {
                isLast = isOver.load(ordering: .relaxed)
                try await live(count, on: transport, client)
                count += 1
                // The machine is for the attack.
                try await Task.sleep(for: .milliseconds(20))
            }
            print("\(transport): \(count) tasks made, changed, waited for, completed, read and deleted")
        }
    }

    /// The whole life of a task.
    private func live(_ number: Int, on transport: Transport, _ client: TaskwireClient) async throws {
        let name = "\(transport) \(number)"
        let created = try await client.createTask(request: .sample(name))
        #expect(created.status == .working)
        #expect(created.revision == 1)
        async let waited = client.waitForResult(created.id)
        let progress = TaskProgress(current: 1, total: 2)
        let updated = try await client.updateTask(created.id, statusMessage: name, progress: progress)
        #expect(updated.revision == 2)
        #expect(updated.statusMessage == name)
        let completed = try await client.completeTask(created.id, result: .sample("\(name) done"))
        #expect(completed.status == .completed)
        #expect(try await waited.result == .sample("\(name) done"))
        #expect(try await client.getResult(created.id).result == .sample("\(name) done"))
        let task = try await client.getTask(created.id, view: .full)
        #expect(task.request == .sample(name))
        #expect(task.progress == progress)
        #expect(task.revision == 3)
        #expect(try await client.deleteTask(created.id))
    }
}

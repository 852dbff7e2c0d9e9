import Glibc
import Synchronization
import Taskwire
import TaskwireClient
import TaskwireTestSupport
import Testing

/// Clients that work while others attack, one on each transport, and must notice nothing: no error, no slow call, and no
/// end of a connection.
final class GoodClients: Sendable {
    /// What a call may take on a machine that is busy with an attack.
    private static let maxCallTime = Duration.seconds(5)

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
            defer { clients.isOver.store(true, ordering: .relaxed) }
            for transport in Transport.allCases {
                let client = try site.client(transport, timeout: maxCallTime * 4)
                try await clients.live(0, on: transport, client)
                group.addTask { try await clients.work(on: transport, client) }
                // A client would connect again, and hide that it had to.
                let connection = try await onThread { try site.connectAndGreet(transport) }
                group.addTask { try await onThread { try clients.ping(over: connection, transport) } }
            }
            let output = try await attack()
            clients.isOver.store(true, ordering: .relaxed)
            try await group.waitForAll()
            for transport in Transport.allCases {
                try await site.withClient(transport) { try await clients.live(0, on: transport, $0) }
            }
            return output
        }
    }

    private func work(on transport: Transport, _ client: TaskwireClient) async throws {
        var count = 1
        var isLast = false
        while !isLast {
            isLast = isOver.load(ordering: .relaxed)
            try await live(count, on: transport, client)
            count += 1
            // The machine is for the attack.
            try await Task.sleep(for: .milliseconds(20))
        }
        await client.close()
        print("\(transport): \(count) tasks made, changed, waited for, completed, read and deleted")
    }

    private func ping(over connection: RawConnection, _ transport: Transport) throws {
        var number: UInt32 = 0
        while !isOver.load(ordering: .relaxed) {
            let beginning = ContinuousClock.now
            guard try connection.isAnswered(number) else {
                throw Harm("a good connection over \(transport) ended")
            }
            let time = ContinuousClock.now - beginning
            guard time < Self.maxCallTime else { throw Harm("a ping over \(transport) took \(time)") }
            number += 1
            usleep(20_000)
        }
    }

    private func timed<Output>(
        on transport: Transport,
        _ call: () async throws -> Output
    ) async throws -> Output {
        let beginning = ContinuousClock.now
        let output = try await call()
        expectInTime(beginning, on: transport)
        return output
    }

    private func expectInTime(_ beginning: ContinuousClock.Instant, on transport: Transport) {
        let time = ContinuousClock.now - beginning
        #expect(time < Self.maxCallTime, "a call over \(transport) took \(time)")
    }

    /// The whole life of a task.
    private func live(_ number: Int, on transport: Transport, _ client: TaskwireClient) async throws {
        let name = "\(transport) \(number)"
        let created = try await timed(on: transport) { try await client.createTask(request: .sample(name)) }
        #expect(created.status == .working)
        #expect(created.revision == 1)
        let id = created.id
        async let waited = client.waitForResult(id)
        let progress = TaskProgress(current: 1, total: 2)
        let updated = try await timed(on: transport) {
            try await client.updateTask(id, statusMessage: name, progress: progress)
        }
        #expect(updated.revision == 2)
        #expect(updated.statusMessage == name)
        let completed = try await timed(on: transport) {
            try await client.completeTask(id, result: .sample("\(name) done"))
        }
        #expect(completed.status == .completed)
        let beginning = ContinuousClock.now
        #expect(try await waited.result == .sample("\(name) done"))
        expectInTime(beginning, on: transport)
        let outcome = try await timed(on: transport) { try await client.getResult(id) }
        #expect(outcome.result == .sample("\(name) done"))
        let task = try await timed(on: transport) { try await client.getTask(id, view: .full) }
        #expect(task.request == .sample(name))
        #expect(task.progress == progress)
        #expect(task.revision == 3)
        #expect(try await timed(on: transport) { try await client.deleteTask(id) })
    }
}

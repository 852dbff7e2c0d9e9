import ArgumentParser
import Taskwire
import TaskwireClient
import TaskwireStorage

/// Works on tasks whose requests say how the work goes, and tells on standard output what happens.
@main
struct Worker: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker",
        abstract: "Work on tasks as their requests say, for tests that kill workers."
    )

    @Option(help: "The server's address, or that of a Redis to work on without a server.")
    var url: String

    @Option(help: "The worker's name.")
    var name: String

    @Option(help: "Seconds that a lease lasts unless it is renewed.")
    var lease = 30

    @Option(help: "Work on all tasks with the label \"pool\" of this value, until none is open.")
    var pool: String?

    @Argument(help: "Work on these tasks, one after the other.")
    var tasks: [String] = []

    func run() async throws {
        if url.hasPrefix("redis:") {
            let store = try await RedisTaskStore(url: url)
            try await work(in: store)
            try await store.close()
        } else {
            let store = try TaskwireClient(url: url)
            try await work(in: store)
            await store.close()
        }
    }

    private func work(in store: any TaskStore) async throws {
        let shift = Shift(store: store, name: name, lease: .seconds(lease))
        for task in tasks { try await shift.work(on: task) }
        if let pool { try await shift.work(onPool: pool) }
    }
}

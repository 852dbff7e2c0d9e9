import Taskwire
import TaskwireClient
import TaskwireTestSupport
import Testing

extension WorkerTests {
    @Suite("Races")
    struct RaceTests {
        /// How many races are under way at the same time.
        private static let lanes = 64

        @Test(arguments: [Site.Store.memory, .sqlite])
        func cancelRacingCompleteHasOneWinner(_ store: Site.Store) async throws {
            try await Site.open(store) { site in
                let other = try TaskwireClient(url: site.url)
                let count = 10_000
                let completions = try await withThrowingTaskGroup(of: Int.self) { group in
                    for lane in 0..<Self.lanes {
                        group.addTask {
                            var completions = 0
                            for number in stride(from: lane, to: count, by: Self.lanes) {
                                // Neither is the first to be called each time.
                                let clients =
                                    number.isMultiple(of: 2) ? (site.client, other) : (other, site.client)
                                if try await Self.isCompleted(after: clients) { completions += 1 }
                            }
                            return completions
                        }
                    }
                    return try await group.reduce(0, +)
                }
                #expect((1..<count).contains(completions), "now the one wins, and now the other")
                await other.close()
            }
        }

        /// Lets a completion and a cancellation race for a new task, and returns which one won.
        private static func isCompleted(after clients: (TaskwireClient, TaskwireClient)) async throws -> Bool
        {
            let task = try await clients.0.createTask().id
            async let completion = answer {
                try await clients.0.completeTask(task, result: .sample(task))
            }
            async let cancellation = answer { try await clients.1.cancelTask(task) }
            let answers = try await (completion, cancellation)
            let outcome = try await clients.0.getResult(task)
            let isCompleted = outcome.task.status == .completed
            // The first race that does not end as it should ends the test.
            try #require(isCompleted || outcome.task.status == .cancelled)
            try #require(outcome.result == (isCompleted ? .sample(task) : nil))
            try #require(outcome.task.revision == 2, "created and ended")

            let (winner, loser) = isCompleted ? answers : (answers.1, answers.0)
            try #require(try winner.get() == outcome.task)
            let refusal = try #require(throws: TaskwireError.self) { try loser.get() }
            try #require(
                refusal.code == .failedPrecondition && refusal.reason == .taskTerminal,
                "\(refusal)"
            )
            try #require(refusal.task == outcome.task)
            try #require(refusal.message.contains("'\(outcome.task.status.rawValue)'"), "\(refusal)")
            return isCompleted
        }

        private static func answer(
            _ call: () async throws -> TaskState
        ) async throws -> Result<TaskState, TaskwireError> {
            do {
                return .success(try await call())
            } catch let error as TaskwireError {
                return .failure(error)
            }
        }
    }
}

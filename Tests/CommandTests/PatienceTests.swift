internal import Foundation
internal import Subprocess
internal import TaskwireTestSupport
internal import Testing

extension CommandTests {
    @Suite("A server that goes away meanwhile")
    struct PatienceTests {
        /// Runs `body` with the address and the folder of a server that keeps its tasks.
        private func withPlace(
            _ body: (_ taskwire: Program, _ folder: String, _ server: [String]) async throws -> Void
        ) async throws {
            try await withTemporaryFolder { folder in
                let taskwire = Program(url: "ipc://\(folder)/t.sock")
                let server = ["--listen", taskwire.url, "--store", "sqlite:\(folder)/tasks.db"]
                try await body(taskwire, folder, server)
            }
        }

        private func text(of path: String) -> String {
            (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        }

        @Test(
            arguments: [
                ("wait t1", "t1   completed"), ("watch t1", "completed"), ("messages wait t1", "hello"),
                ("input ask t1 k ?", "answer"),
            ]
        )
        func `is waited for by what waits without end`(command: String, ending: String) async throws {
            try await withPlace { taskwire, folder, server in
                var waiting: Task<Program.Outcome, any Error>?
                try await Server.run(server, listensOnItsOwn: false) { _, _ in
                    _ = try await taskwire("create", "t1")
                    waiting = Task { try await taskwire.shell("$taskwire \(command) 2> \(folder)/error") }
                    try await untilWaiting(taskwire)
                }
                try await eventually("somebody is told") {
                    text(of: "\(folder)/error").contains("waiting until the server is back")
                }
                try await Server.run(server, listensOnItsOwn: false) { _, _ in
                    _ = try await taskwire("input", "answer", "t1", "k", "answer")
                    _ = try await taskwire("messages", "enqueue", "t1", "hello")
                    _ = try await taskwire("complete", "t1", "--data", "x")
                    let outcome = try await #require(waiting).value
                    #expect(outcome.exitCode == 0, "\(text(of: "\(folder)/error"))")
                    #expect(outcome.text.contains(ending))
                    #expect(text(of: "\(folder)/error").split(separator: "\n").count == 1)
                }
            }
        }

        @Test(arguments: ["wait t1", "watch t1", "messages wait t1", "input ask t1 k ?"])
        func `ends the wait when patience is over`(command: String) async throws {
            try await withPlace { taskwire, _, server in
                var waiting: Task<Program.Outcome, any Error>?
                try await Server.run(server, listensOnItsOwn: false) { _, _ in
                    _ = try await taskwire("create", "t1")
                    waiting = Task { try await taskwire.shell("$taskwire \(command) --patience 100ms") }
                    try await untilWaiting(taskwire)
                }
                let outcome = try await #require(waiting).value
                #expect(outcome.exitCode == 4 && outcome.error.contains("(UNREACHABLE)"), "\(outcome.error)")
                #expect(outcome.error.split(separator: "\n").count == 1)
            }
        }

        @Test func `does not hold up the end of the time`() async throws {
            try await withPlace { taskwire, _, server in
                var waiting: Task<Program.Outcome, any Error>?
                try await Server.run(server, listensOnItsOwn: false) { _, _ in
                    _ = try await taskwire("create", "t1")
                    waiting = Task { try await taskwire("wait", "t1", "--timeout", "5s") }
                    try await untilWaiting(taskwire)
                }
                let outcome = try await #require(waiting).value
                #expect(outcome.exitCode == 5, "\(outcome.error)")
                let message = "task t1 has not ended within 5s, it was working; Connecting to "
                #expect(outcome.error.contains(message))
            }
        }

        @Test func `is no reason to wait where it was never there`() async throws {
            let start = ContinuousClock.now
            try await withThrowingTaskGroup { group in
                for command in ["wait t1", "watch t1", "messages wait t1", "input ask t1 k ?"] {
                    group.addTask {
                        try await Program(url: "ipc:///tmp/tw-none/t.sock")
                            .shell("$taskwire \(command) --patience 60s")
                    }
                }
                for try await outcome in group { #expect(outcome.exitCode == 4, "\(outcome.error)") }
            }
            #expect(.now - start < .seconds(30))
        }
    }
}

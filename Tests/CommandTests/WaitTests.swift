internal import Foundation
internal import Subprocess
internal import Testing

extension CommandTests {
    @Suite("wait and watch")
    struct WaitTests {
        @Test("wait ends with the task and by its outcome")
        func outcomes() async throws {
            try await Server.run { taskwire in
                let endings: [([String], Int32, String)] = [
                    (["complete", "--data", "x"], 0, "completed"),
                    (["fail", "--message", "broken"], 6, "failed"),
                    (["cancel"], 7, "cancelled"),
                ]
                for (command, exitCode, status) in endings {
                    _ = try await taskwire("create", status)
                    let waited = try await taskwire.running(["wait", status]) { _ in
                        try await untilWaiting(taskwire)
                        let ended = try await taskwire.running([command[0], status] + command.dropFirst()) {
                            _ in
                        }
                        #expect(ended.exitCode == 0)
                    }
                    #expect(waited.exitCode == exitCode)
                    #expect(waited.line.hasPrefix("\(status)   \(status)"))
                    #expect(waited.error.isEmpty == (exitCode == 0))
                    let again = try await taskwire("wait", status, "--json")
                    #expect(again.exitCode == exitCode)
                    #expect(try again.json["status"]?.string == status)
                }
            }
        }

        @Test("wait --timeout ends with 5 and says how the task stands")
        func timeout() async throws {
            try await Server.run { taskwire in
                _ = try await taskwire("create", "t1")
                let waited = try await taskwire("wait", "t1", "--timeout", "200ms")
                #expect(waited.exitCode == 5)
                #expect(waited.error == "taskwire: task t1 has not ended within 200ms, it is working\n")
            }
        }

        @Test("wait shows progress in a terminal, in one line that it takes away")
        func liveLine() async throws {
            try await Server.run { taskwire in
                _ = try await taskwire("create", "t1")
                let line = "TERM=xterm script -qec '$taskwire wait t1' /dev/null"
                async let waited = taskwire.shell(line)
                try await untilWaiting(taskwire)
                _ = try await taskwire("update", "t1", "--progress", "3/10", "--status-message", "going")
                try await untilWaiting(taskwire)
                _ = try await taskwire("complete", "t1", "--data", "x")
                let text = try await waited.text
                #expect(text.contains("3/10   going"))
                #expect(text.contains("\r\u{1B}[K"))
                let shown = try #require(text.components(separatedBy: "\u{1B}[K").last)
                #expect(shown.split(whereSeparator: \.isNewline).count == 1, "\(shown)")
            }
        }

        @Test("watch prints each change until the end")
        func watching() async throws {
            try await Server.run { taskwire in
                _ = try await taskwire("create", "t1")
                let watched = try await taskwire.running(["watch", "t1", "--json"]) { _ in
                    try await untilWaiting(taskwire)
                    _ = try await taskwire("update", "t1", "--progress", "1/2")
                    try await untilWaiting(taskwire)
                    _ = try await taskwire("complete", "t1", "--data", "x")
                }
                #expect(watched.exitCode == 0)
                let documents = try watched.text.split(separator: "\n").map { try JSON(Array($0.utf8)) }
                #expect(documents.compactMap { $0["status"]?.string } == ["working", "working", "completed"])
                #expect(documents.compactMap { $0.details?["revision"]?.number } == [1, 2, 3])
                let lines = try await taskwire("watch", "t1").text.split(separator: "\n")
                #expect(lines.count == 1 && lines[0].contains("t1   completed   1/2"))
            }
        }

        @Test("Ctrl-C ends wait and watch at once, with 130 and nothing more", arguments: ["wait", "watch"])
        func interruption(command: String) async throws {
            try await Server.run { taskwire in
                _ = try await taskwire("create", "t1")
                let outcome = try await taskwire.running([command, "t1"]) { execution in
                    try await untilWaiting(taskwire)
                    try execution.send(signal: .interrupt)
                }
                #expect(outcome.exitCode == 130 && outcome.error == "")
                try await untilWaiting(taskwire, count: 0)
            }
        }

        @Test("a task that is deleted ends the wait")
        func deletion() async throws {
            try await Server.run { taskwire in
                _ = try await taskwire("create", "t1")
                let outcome = try await taskwire.running(["wait", "t1"]) { _ in
                    try await untilWaiting(taskwire)
                    _ = try await taskwire("delete", "t1")
                }
                #expect(outcome.exitCode == 3)
            }
        }
    }
}

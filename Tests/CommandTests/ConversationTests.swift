internal import Foundation
internal import Subprocess
internal import TaskwireTestSupport
internal import Testing

extension CommandTests {
    @Suite("Messages and questions")
    struct ConversationTests {
        private static let bytes = (UInt8.min...UInt8.max).map(\.self)

        @Test("messages are taken in their order, byte for byte")
        func queue() async throws {
            try await Server.run { taskwire in
                _ = try await taskwire("create", "t1")
                let queued = try await taskwire("messages", "enqueue", "t1", "-", input: Self.bytes)
                #expect(queued.exitCode == 0 && queued.line == "t1   working")
                _ = try await taskwire("messages", "enqueue", "t1", #"{"a": 1}"#, "--key", "k1")
                _ = try await taskwire(
                    "messages",
                    "enqueue",
                    "t1",
                    "--content-type",
                    "image/png",
                    "--",
                    "-x"
                )

                #expect(try await taskwire("messages", "peek", "t1").output == Self.bytes)
                let first = try await taskwire("messages", "dequeue", "t1")
                #expect(first.exitCode == 0 && first.output == Self.bytes && first.error == "")
                let second = try await taskwire("messages", "dequeue", "t1", "--json").json
                #expect(second.keys == ["key", "kind", "enqueuedAt", "payload"])
                #expect(second["key"]?.string == "k1" && second["kind"]?.string == "notification")
                #expect(second["enqueuedAt"]?.string?.hasSuffix("Z") == true)
                #expect(second["payload"]?.keys == ["contentType", "size", "text"])
                #expect(second["payload"]?["text"]?.string == #"{"a": 1}"#)
                #expect(second["payload"]?["contentType"]?.string == "application/json")
                let third = try await taskwire("messages", "peek", "t1", "--json").json["payload"]
                #expect(third?["contentType"]?.string == "image/png" && third?["text"]?.string == "-x")
                #expect(try await taskwire("messages", "dequeue", "t1").text == "-x")

                for command in ["dequeue", "peek"] {
                    let empty = try await taskwire("messages", command, "t1")
                    #expect(empty.exitCode == 1 && empty.output.isEmpty)
                    #expect(empty.error == "taskwire: no message is queued in task t1\n")
                }
            }
        }

        @Test("clear takes all messages and leaves questions open")
        func clearing() async throws {
            try await Server.run { taskwire in
                _ = try await taskwire("create", "t1")
                func fill() async throws {
                    _ = try await taskwire("messages", "enqueue", "t1", "a\u{1B}[2Jb\nc")
                    _ = try await taskwire("messages", "enqueue", "t1", "-", input: Self.bytes)
                }
                try await fill()
                let asked = try await taskwire(
                    "messages",
                    "enqueue",
                    "t1",
                    "why?",
                    "--kind",
                    "request",
                    "--key",
                    "k1"
                )
                #expect(asked.line == "t1   input_required")

                let cleared = try await taskwire("messages", "clear", "t1")
                let lines = cleared.text.split(separator: "\n")
                #expect(cleared.exitCode == 0 && lines.count == 4 && !cleared.text.contains("\u{1B}"))
                #expect(lines.last?.contains(/request +k1 +why\?/) == true)
                #expect(cleared.text.contains("application/octet-stream, 256 bytes"))
                #expect(try await taskwire("input", "list", "t1").text.contains("why?"))

                try await fill()
                let documents = try await taskwire("messages", "clear", "t1", "--json").json.array
                let base64 = documents?.last?["payload"]?["base64"]?.string
                #expect(documents?.count == 2 && base64 == Data(Self.bytes).base64EncodedString())
                #expect(try await taskwire("messages", "clear", "t1", "--json").text == "[]\n")
                let none = try await taskwire("messages", "clear", "t1")
                #expect(none.exitCode == 0 && none.output.isEmpty && none.error == "No messages.\n")
            }
        }

        @Test("messages wait waits for a message, which stays in the queue")
        func waiting() async throws {
            try await Server.run { taskwire in
                _ = try await taskwire("create", "t1")
                let late = try await taskwire("messages", "wait", "t1", "--timeout", "200ms")
                #expect(late.exitCode == 5 && late.output.isEmpty)
                let waited = try await taskwire.running(["messages", "wait", "t1"]) { _ in
                    try await untilWaiting(taskwire)
                    _ = try await taskwire("messages", "enqueue", "t1", "hello")
                }
                #expect(waited.exitCode == 0 && waited.text == "hello")
                #expect(try await taskwire("messages", "dequeue", "t1").text == "hello")

                let ended = try await taskwire.running(["messages", "wait", "t1"]) { _ in
                    try await untilWaiting(taskwire)
                    _ = try await taskwire("cancel", "t1")
                }
                #expect(ended.exitCode == 1 && ended.error.contains("TASK_TERMINAL"))
                #expect(try await taskwire("messages", "enqueue", "t1", "x").exitCode == 1)
            }
        }

        @Test("a worker asks, somebody elsewhere answers, and the result has the answer")
        func conversation() async throws {
            try await Server.run { taskwire in
                _ = try await taskwire("create", "t1")
                let question = #"{"message":"Which city?"}"#
                let line = """
                    answer=$("$taskwire" input ask "$TASKWIRE_TASK_ID" city '\(question)')
                    "$taskwire" messages enqueue "$TASKWIRE_TASK_ID" "on my way to $answer" >&2
                    echo "sunny in $answer"
                    """
                let run = try await taskwire.running(["run", "t1", "--", line]) { _ in
                    try await eventually("the question is asked") {
                        try await taskwire("input", "list", "t1").text.contains("Which city?")
                    }
                    let shown = try await taskwire("get", "t1").text
                    #expect(shown.contains(/status: +input_required/))
                    #expect(shown.contains(/input wanted: +city: application\/json, 25 bytes/))
                    let full = try await taskwire("get", "t1", "--full").text
                    #expect(full.hasSuffix("\ninput wanted, city:\n\(question)\n"))
                    #expect(try await taskwire("list").text.contains("input_required"))

                    let list = try await taskwire("input", "list", "t1", "--json").json.array
                    #expect(list?.count == 1 && list?.first?.keys == ["key", "payload"])
                    #expect(list?.first?["key"]?.string == "city")
                    #expect(list?.first?["payload"]?["text"]?.string == question)

                    let wrong = try await taskwire("input", "answer", "t1", "town", "Lima")
                    #expect(wrong.exitCode == 1 && wrong.output.isEmpty)
                    #expect(wrong.error == "taskwire: no question is open in task t1 under \"town\"\n")
                    let answered = try await taskwire("input", "answer", "t1", "city", "Lima")
                    #expect(answered.exitCode == 0 && answered.line == "t1   working")
                    let second = try await taskwire("input", "answer", "t1", "city", "Rome")
                    #expect(second.exitCode == 1)
                }
                #expect(run.exitCode == 0, "\(run.error)")
                #expect(try await taskwire("result", "t1").text == "sunny in Lima\n")
                #expect(try await taskwire("messages", "dequeue", "t1").text == "on my way to Lima")
                let none = try await taskwire("input", "list", "t1")
                #expect(none.exitCode == 0 && none.output.isEmpty && none.error == "No open questions.\n")
            }
        }

        @Test("a question is asked once, however often a worker begins anew")
        func askingAgain() async throws {
            try await Server.run { taskwire in
                _ = try await taskwire("create", "t1")
                let first = try await taskwire("input", "ask", "t1", "k1", "why?", "--timeout", "200ms")
                #expect(first.exitCode == 5 && first.output.isEmpty)
                let second = try await taskwire.running(["input", "ask", "t1", "k1", "why?"]) { _ in
                    try await untilWaiting(taskwire)
                    #expect(try await taskwire("input", "list", "t1", "--json").json.array?.count == 1)
                    let answered = try await taskwire("input", "answer", "t1", "k1", "-", input: Self.bytes)
                    #expect(answered.exitCode == 0)
                }
                #expect(second.exitCode == 0 && second.output == Self.bytes)
                let third = try await taskwire("input", "ask", "t1", "k1", "why?", "--json").json
                #expect(third["key"]?.string == "k1")
                #expect(third["payload"]?["base64"]?.string == Data(Self.bytes).base64EncodedString())

                let ended = try await taskwire.running(["input", "ask", "t1", "k2", "why?"]) { _ in
                    try await untilWaiting(taskwire)
                    _ = try await taskwire("cancel", "t1")
                }
                #expect(ended.exitCode == 1 && ended.error.contains("TASK_TERMINAL"))
                #expect(
                    try await taskwire("input", "answer", "t1", "k2", "x").error.contains("TASK_TERMINAL")
                )
            }
        }

        @Test("whoever waits for an answer gets it, though the server was away meanwhile")
        func restart() async throws {
            try await withTemporaryFolder { folder in
                let taskwire = Program(url: "ipc://\(folder)/t.sock")
                let options = ["--listen", taskwire.url, "--store", "sqlite:\(folder)/tasks.db"]
                var ask: Task<Program.Outcome, any Error>?
                try await Server.run(options) { _, _ in
                    _ = try await taskwire("create", "t1")
                    ask = Task { try await taskwire("input", "ask", "t1", "k1", "why?") }
                    try await untilWaiting(taskwire)
                }
                #expect(try await taskwire("ping").exitCode == 4, "which takes as long as others are patient")
                try await Server.run(options) { _, _ in
                    #expect(try await taskwire("input", "answer", "t1", "k1", "so").exitCode == 0)
                    let outcome = try await #require(ask).value
                    #expect(outcome.exitCode == 0 && outcome.text == "so", "\(outcome.error)")
                }
            }
        }

        @Test("Ctrl-C ends the waits at once, and a question stays open")
        func interruption() async throws {
            try await Server.run { taskwire in
                _ = try await taskwire("create", "t1")
                for command in [["messages", "wait", "t1"], ["input", "ask", "t1", "k1", "why?"]] {
                    let outcome = try await taskwire.running(command) { execution in
                        try await untilWaiting(taskwire)
                        try execution.send(signal: .interrupt)
                    }
                    #expect(outcome.exitCode == 130 && outcome.error == "")
                    try await untilWaiting(taskwire, count: 0)
                }
                #expect(try await taskwire("input", "list", "t1", "--json").json.array?.count == 1)
            }
        }

        @Test("a task has as many messages, questions and bytes as serve is told")
        func limits() async throws {
            let options = [
                "--max-messages-per-task", "2", "--max-input-requests-per-task", "1",
                "--max-message-bytes", "65536",
            ]
            try await Server.run(options) { taskwire, _ in
                let limits = try await taskwire("info", "--json").json["limits"]
                #expect(limits?["maxMessagesPerTask"]?.number == 2)
                #expect(limits?["maxInputRequestsPerTask"]?.number == 1)
                #expect(limits?["maxInteractionBytes"]?.number == 32_768, "half of a message")

                _ = try await taskwire("create", "t1")
                let large = [UInt8](repeating: 65, count: 40_000)
                let refused = try await taskwire("messages", "enqueue", "t1", "-", input: large)
                #expect(refused.exitCode == 1 && refused.error.contains("QUEUE_FULL"))
                _ = try await taskwire("input", "ask", "t1", "k1", "why?", "--timeout", "1ms")
                let second = try await taskwire("input", "ask", "t1", "k2", "why?", "--timeout", "1ms")
                #expect(second.exitCode == 1 && second.error.contains("QUEUE_FULL"))
                #expect(try await taskwire("messages", "enqueue", "t1", "x").exitCode == 0)
                let third = try await taskwire("messages", "enqueue", "t1", "x")
                #expect(third.exitCode == 1 && third.error.contains("QUEUE_FULL"))
            }
        }
    }
}

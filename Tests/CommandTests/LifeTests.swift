internal import Foundation
internal import TaskwireCommand
internal import Testing

extension CommandTests {
    @Suite("The life of a task")
    struct LifeTests {
        @Test("create prints the id, get shows the task, complete and result end it")
        func life() async throws {
            try await Server.run { taskwire in
                let created = try await taskwire(
                    "create",
                    "t1",
                    "--ttl",
                    "60s",
                    "--label",
                    "a=b",
                    "--request",
                    "{}"
                )
                #expect(created.exitCode == 0 && created.text == "t1\n" && created.error == "")

                let shown = try await taskwire("get", "t1")
                #expect(shown.text.contains("status:") && shown.text.contains("working"))
                #expect(shown.text.contains("a=b") && shown.text.contains("application/json, 2 bytes"))
                #expect(!shown.text.contains("\u{1B}"), "no colours without a terminal")

                let updated = try await taskwire(
                    "update",
                    "t1",
                    "--progress",
                    "3/10",
                    "--status-message",
                    "going"
                )
                #expect(updated.line == "t1   working   3/10   going")

                let early = try await taskwire("result", "t1")
                #expect(early.exitCode == 1 && early.output.isEmpty)
                #expect(early.error == "taskwire: task t1 has not ended, it is working\n")

                let completed = try await taskwire("complete", "t1", "--data", "done")
                #expect(completed.exitCode == 0 && completed.line.hasPrefix("t1   completed"))
                #expect(try await taskwire("result", "t1").text == "done")

                #expect(try await taskwire("delete", "t1").line == "t1   deleted")
                let gone = try await taskwire("delete", "t1")
                #expect(gone.exitCode == 3 && gone.error == "taskwire: Task not found: t1\n")
            }
        }

        @Test("a task without an id gets one")
        func generatedID() async throws {
            try await Server.run { taskwire in
                let id = try await taskwire("create").line
                #expect(UUID(uuidString: id) != nil)
                #expect(try await taskwire("get", id, "--json").json["taskId"]?.string == id)
            }
        }

        @Test("JSON has exactly the members of MCP 2025-11-25, and _meta")
        func shape() async throws {
            try await Server.run { taskwire in
                let created = try await taskwire(
                    "create",
                    "t1",
                    "--ttl",
                    "1m",
                    "--poll-interval",
                    "250ms",
                    "--label",
                    "k=v",
                    "--request",
                    #"{"a/b": 1}"#,
                    "--status-message",
                    "hello",
                    "--immediate-response",
                    "soon",
                    "--json"
                )
                let task = try created.json
                #expect(
                    task.keys == [
                        "taskId", "status", "statusMessage", "createdAt", "lastUpdatedAt", "ttl",
                        "pollInterval",
                        "_meta",
                    ]
                )
                #expect(task["taskId"]?.string == "t1" && task["status"]?.string == "working")
                #expect(task["ttl"]?.number == 60_000 && task["pollInterval"]?.number == 250)
                #expect(task["statusMessage"]?.string == "hello")
                #expect(task["_meta"]?.keys == ["io.taskwire/task"])
                #expect(task.details?.keys == ["revision", "cancelRequested", "labels", "immediateResponse"])
                #expect(task.details?["revision"]?.number == 1)
                #expect(task.details?["labels"]?["k"]?.string == "v")

                let brief = try await taskwire("get", "t1", "--json").json.details?["request"]
                #expect(brief?.keys == ["contentType", "size"] && brief?["size"]?.number == 10)
                let full = try await taskwire("get", "t1", "--full", "--json")
                #expect(try full.json.details?["request"]?["text"]?.string == #"{"a/b": 1}"#)
                #expect(full.text.contains("a/b") && full.text.filter { $0 == "\n" }.count == 1)

                let unlimited = try await taskwire("create", "t2", "--json").json
                #expect(unlimited["ttl"]?.isNull == true && unlimited["statusMessage"] == nil)
            }
        }

        @Test("list filters, follows cursors and stops at the limit")
        func listing() async throws {
            try await Server.run(["--max-page-size", "200"]) { taskwire, _ in
                let made = try await taskwire.shell(
                    "for i in $(seq 5); do $taskwire create t$i --label n=$((i % 2)) & wait; done"
                )
                #expect(made.exitCode == 0)
                _ = try await taskwire("cancel", "t3")

                func ids(_ outcome: Program.Outcome) throws -> [String] {
                    try (outcome.json.array ?? []).compactMap { $0["taskId"]?.string }
                }
                #expect(try ids(await taskwire("list", "--json")) == ["t1", "t2", "t3", "t4", "t5"])
                #expect(try ids(await taskwire("list", "--json", "--limit", "2")) == ["t1", "t2"])
                #expect(try ids(await taskwire("list", "--json", "--status", "cancelled")) == ["t3"])
                let both = try await taskwire(
                    "list",
                    "--json",
                    "--status",
                    "cancelled",
                    "--status",
                    "working"
                )
                #expect(try ids(both).count == 5)
                #expect(try ids(await taskwire("list", "--json", "--label", "n=1")) == ["t1", "t3", "t5"])
                #expect(try await taskwire("list", "--json", "--label", "n=7").text == "[]\n")

                let lines = try await taskwire("list").text.split(separator: "\n")
                #expect(lines.count == 6)
                #expect(
                    lines[0].split(separator: " ") == [
                        "ID", "STATUS", "PROGRESS", "AGE", "TTL", "LABELS", "MESSAGE",
                    ]
                )
                let columns = lines.map { line in
                    line.firstRange(of: /STATUS|working|cancelled/).map {
                        line.distance(from: line.startIndex, to: $0.lowerBound)
                    }
                }
                #expect(Set(columns) == [5], "columns are aligned")
                let none = try await taskwire("list", "--label", "n=7")
                #expect(none.output.isEmpty && none.error == "No tasks.\n" && none.exitCode == 0)
            }
        }

        @Test("list gets along with small pages")
        func smallPages() async throws {
            try await Server.run(["--max-page-size", "2"]) { taskwire, _ in
                for index in 1...5 { _ = try await taskwire("create", "t\(index)") }
                #expect(try await taskwire("list", "--json").json.array?.count == 5)
                #expect(try await taskwire("list", "--json", "--limit", "3").json.array?.count == 3)
            }
        }

        @Test("durations beyond all measure are shown")
        func hugeDurations() {
            // Every client may set what the command's own options do not take.
            let text = DurationText(.milliseconds(Int64.max))
            #expect(text.description == "106751991167d")
        }

        @Test("cancel and cancel --request-only")
        func cancelling() async throws {
            try await Server.run { taskwire in
                _ = try await taskwire("create", "t1")
                let requested = try await taskwire("cancel", "t1", "--request-only", "--json").json
                #expect(requested["status"]?.string == "working")
                #expect(requested.details?["cancelRequested"]?.bool == true)
                #expect(try await taskwire("cancel", "t1", "--json").json["status"]?.string == "cancelled")
                let again = try await taskwire("cancel", "t1")
                #expect(again.exitCode == 1)
                #expect(
                    again.error
                        == "taskwire: Cannot cancel task in terminal state 'cancelled' (TASK_TERMINAL)\n"
                )
                #expect(try await taskwire("cancel", "t1", "--request-only").exitCode == 0)
                let result = try await taskwire("result", "t1")
                #expect(result.exitCode == 7 && result.output.isEmpty)
            }
        }

        @Test("fail stores message and code; result tells them")
        func failing() async throws {
            try await Server.run { taskwire in
                _ = try await taskwire("create", "t1")
                #expect(
                    try await taskwire("fail", "t1", "--message", "no luck", "--code", "-32001").exitCode == 0
                )
                let result = try await taskwire("result", "t1")
                #expect(result.exitCode == 6 && result.error == "taskwire: task t1 failed: no luck\n")
                let document = try await taskwire("result", "t1", "--json")
                #expect(document.exitCode == 6)
                #expect(try document.json["error"]?["code"]?.number == -32001)
                #expect(try document.json["error"]?["message"]?.string == "no luck")
                let task = try await taskwire("get", "t1", "--json").json
                #expect(task["statusMessage"]?.string == "no luck")
                #expect(task.details?["error"]?["code"]?.number == -32001)
            }
        }

        @Test("update checks the expected revision")
        func revisions() async throws {
            try await Server.run { taskwire in
                _ = try await taskwire("create", "t1")
                let good = try await taskwire(
                    "update",
                    "t1",
                    "--status",
                    "input_required",
                    "--ttl",
                    "1h",
                    "--poll-interval",
                    "2s",
                    "--progress",
                    "1.5",
                    "--expected-revision",
                    "1",
                    "--json"
                )
                let task = try good.json
                #expect(task["status"]?.string == "input_required" && task["ttl"]?.number == 3_600_000)
                #expect(task["pollInterval"]?.number == 2000)
                #expect(task.details?["progress"]?["current"]?.number == 1.5)
                let late = try await taskwire(
                    "update",
                    "t1",
                    "--status",
                    "working",
                    "--expected-revision",
                    "1"
                )
                #expect(late.exitCode == 1 && late.error.contains("REVISION_MISMATCH"))
            }
        }

        @Test("text from others cannot steer a terminal")
        func controlCharacters() async throws {
            try await Server.run { taskwire in
                _ = try await taskwire("create", "t1", "--status-message", "a\u{1B}[2Jb\nc")
                for command in [["list"], ["get", "t1"], ["watch", "t1", "--timeout", "10ms"]] {
                    let output = try await taskwire.running(command) { _ in }
                    #expect(!output.text.contains("\u{1B}") && output.text.contains("b c"), "\(command)")
                }
                _ = try await taskwire("create", "t2", "--request", "a\u{1B}[2Jb")
                let line = "script -qec '$taskwire get t2 --full --no-color' /dev/null"
                let shown = try await taskwire.shell(line).text
                #expect(!shown.contains("\u{1B}") && shown.contains("(6 bytes that are not plain text)"))
                #expect(try await taskwire("get", "t2", "--full").text.hasSuffix("a\u{1B}[2Jb\n"))
            }
        }

        @Test("ping, info and stats")
        func serverReports() async throws {
            try await Server.run { taskwire in
                #expect(try await taskwire("ping").line.hasPrefix("\(taskwire.url) answered in "))
                #expect(try await taskwire("ping", "--json").json["url"]?.string == taskwire.url)

                let info = try await taskwire("info", "--json").json
                #expect(info["storage"]?.string == "sqlite" && info["version"]?.string?.isEmpty == false)
                #expect(info["limits"]?["maxTtlMs"]?.number == 2_592_000_000)
                #expect(try await taskwire("info").text.contains("maxTtl:"))

                _ = try await taskwire("create", "t1")
                let stats = try await taskwire("stats", "--json").json
                #expect(stats["tasks"]?.number == 1 && (stats["calls"]?.number ?? 0) > 0)
                let names = stats["methods"]?.array?.compactMap { $0["name"]?.string } ?? []
                #expect(names.contains("taskwire.v1.TaskService/CreateTask"))
                #expect(try await taskwire("stats").text.contains("METHOD"))
            }
        }
    }
}

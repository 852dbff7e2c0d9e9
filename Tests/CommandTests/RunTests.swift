internal import Foundation
internal import Subprocess
internal import TaskwireTestSupport
internal import Testing

extension CommandTests {
    @Suite("run")
    struct RunTests {
        /// The task as `get --full --json` shows it.
        private func task(_ id: String, _ taskwire: Program) async throws -> JSON {
            try await taskwire("get", id, "--full", "--json").json
        }

        @Test("the request is standard input, standard output is the result")
        func success() async throws {
            try await Server.run { taskwire in
                let bytes = (UInt8.min...UInt8.max).map(\.self)
                _ = try await taskwire("create", "t1", "--request", "-", input: bytes)
                let run = try await taskwire("run", "t1", "--", "cat")
                #expect(run.exitCode == 0 && run.line == "t1   completed" && run.error == "")
                #expect(try await taskwire("result", "t1").output == bytes)
            }
        }

        @Test("one word is a line for the shell, several are a program; both know the task")
        func forms() async throws {
            try await Server.run { taskwire in
                _ = try await taskwire("create", "t1")
                let line = "echo $TASKWIRE_TASK_ID $TASKWIRE_URL; cat | wc -c"
                #expect(
                    try await taskwire("run", "t1", "--json", "--", line).json["status"]?.string
                        == "completed"
                )
                #expect(try await taskwire("result", "t1").text == "t1 \(taskwire.url)\n0\n")

                _ = try await taskwire("create", "t2")
                _ = try await taskwire("run", "t2", "--", "printf", "%s|", "a b", "$HOME", "-x")
                #expect(try await taskwire("result", "t2").text == "a b|$HOME|-x|")
            }
        }

        @Test("the content type is what it looks like, or what is said")
        func contentTypes() async throws {
            try await Server.run { taskwire in
                for (id, options, line, type) in [
                    ("t1", [], #"echo '{"a": 1}'"#, "application/json"),
                    ("t2", [], "echo hello", "text/plain; charset=utf-8"),
                    ("t3", [], #"printf '\377'"#, "application/octet-stream"),
                    ("t4", ["--content-type", "image/png"], "echo hello", "image/png"),
                ] {
                    _ = try await taskwire("create", id)
                    _ = try await taskwire.running(["run", id] + options + ["--", line]) { _ in }
                    let result = try await task(id, taskwire).details?["result"]
                    #expect(result?["contentType"]?.string == type)
                }
            }
        }

        @Test("a failing command fails the task with the end of its standard error")
        func failure() async throws {
            try await Server.run { taskwire in
                _ = try await taskwire("create", "t1")
                let run = try await taskwire(
                    "run",
                    "t1",
                    "--",
                    "echo out; echo ' first'; echo oh no >&2; exit 3"
                )
                #expect(
                    run.exitCode == 6
                        && run.error == "oh no\ntaskwire: task t1 failed: exited with 3: oh no\n"
                )
                let failed = try await task("t1", taskwire)
                #expect(failed["statusMessage"]?.string == "exited with 3: oh no")
                #expect(
                    failed.details?["error"]?["code"]?.number == -32603 && failed.details?["result"] == nil
                )

                _ = try await taskwire("create", "t2")
                _ = try await taskwire("run", "t2", "--", "seq 10000 >&2; printf 'a\\0b' >&2; exit 1")
                let message = try #require(try await task("t2", taskwire)["statusMessage"]?.string)
                #expect(message.hasPrefix("exited with 1: ") && message.hasSuffix("\n10000\na b"))
                #expect((2000...2100).contains(message.utf8.count))

                _ = try await taskwire("create", "t3")
                #expect(try await taskwire("run", "t3", "--", "kill -9 $$").exitCode == 6)
                #expect(try await task("t3", taskwire)["statusMessage"]?.string == "ended by signal 9")

                _ = try await taskwire("create", "t4")
                #expect(try await taskwire("run", "t4", "--", "no-such-program", "x").exitCode == 6)
                let missing = try await task("t4", taskwire)["statusMessage"]?.string
                #expect(missing?.contains("no-such-program") == true, "\(missing ?? "")")
            }
        }

        @Test("--output: the file is the result, standard output is shown on standard error")
        func outputFile() async throws {
            try await Server.run { taskwire in
                try await withTemporaryFolder { folder in
                    _ = try await taskwire("create", "t1")
                    let line = "echo shown; printf kept > \(folder)/out"
                    let run = try await taskwire("run", "t1", "--output", "\(folder)/out", "--", line)
                    #expect(run.exitCode == 0 && run.error == "shown\n" && run.line == "t1   completed")
                    #expect(try await taskwire("result", "t1").text == "kept")

                    _ = try await taskwire("create", "t2")
                    #expect(
                        try await taskwire("run", "t2", "--output", "\(folder)/no", "--", "true").exitCode
                            == 6
                    )
                    let message = try await task("t2", taskwire)["statusMessage"]?.string
                    #expect(message == "cannot read \(folder)/no: No such file or directory")
                }
            }
        }

        @Test("more output than a message may have fails the task and ends the command")
        func largeOutput() async throws {
            try await Server.run(["--max-message-bytes", "65536"]) { taskwire, _ in
                _ = try await taskwire("create", "t1")
                #expect(try await taskwire("run", "t1", "--", "yes").exitCode == 6)
                let message = try await task("t1", taskwire)["statusMessage"]?.string
                #expect(message == "the output has more than the 61440 bytes that a message may have")
            }
        }

        @Test("cancelling the task ends the command and its children", arguments: [[], ["--request-only"]])
        func cancellation(options: [String]) async throws {
            try await Server.run { taskwire in
                try await withTemporaryFolder { folder in
                    _ = try await taskwire("create", "t1")
                    let line = "sleep 600 & echo $! > \(folder)/a; sleep 600 & echo $! > \(folder)/b; wait"
                    let run = try await taskwire.running(["run", "t1", "--", line]) { _ in
                        try await eventually("the command runs") {
                            FileManager.default.fileExists(atPath: "\(folder)/b")
                        }
                        let cancelled = try await taskwire.running(["cancel", "t1"] + options) { _ in }
                        #expect(cancelled.exitCode == 0)
                    }
                    #expect(run.exitCode == 7 && run.line.hasPrefix("t1   cancelled"))
                    for name in ["a", "b"] {
                        let id = try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)
                        #expect(!isRunning(id.trimmingCharacters(in: .newlines)))
                    }
                }
            }
        }

        @Test("a command that does not listen is killed after 5 s, its children too")
        func stubbornCommand() async throws {
            try await Server.run { taskwire in
                try await withTemporaryFolder { folder in
                    _ = try await taskwire("create", "t1")
                    // The shell goes at SIGTERM, its child does not.
                    let line =
                        "sh -c \"trap '' TERM; echo \\$\\$ > \(folder)/child; while :; do sleep 1; done\" & wait"
                    let start = ContinuousClock.now
                    let run = try await taskwire.running(["run", "t1", "--", line]) { _ in
                        try await eventually("the child runs") {
                            FileManager.default.fileExists(atPath: "\(folder)/child")
                        }
                        _ = try await taskwire("cancel", "t1")
                    }
                    #expect(run.exitCode == 7 && .now - start >= .seconds(5))
                    let id = try String(contentsOfFile: "\(folder)/child", encoding: .utf8)
                    #expect(!isRunning(id.trimmingCharacters(in: .newlines)))
                }
            }
        }

        @Test(
            "Ctrl-C and SIGTERM end the command and leave the task cancelled",
            arguments: [Signal.interrupt, .terminate]
        )
        func interruption(signal: Signal) async throws {
            try await Server.run { taskwire in
                try await withTemporaryFolder { folder in
                    _ = try await taskwire("create", "t1")
                    let line = "echo $$ > \(folder)/a; sleep 600"
                    let run = try await taskwire.running(["run", "t1", "--", line]) { execution in
                        try await eventually("the command runs") {
                            let id = try? String(contentsOfFile: "\(folder)/a", encoding: .utf8)
                            return id?.hasSuffix("\n") == true
                        }
                        try execution.send(signal: signal)
                    }
                    #expect(run.exitCode == 128 + signal.rawValue)
                    let ended = try await task("t1", taskwire)
                    #expect(ended["status"]?.string == "cancelled")
                    #expect(ended["statusMessage"]?.string?.hasPrefix("taskwire run was ended by") == true)
                    let id = try String(contentsOfFile: "\(folder)/a", encoding: .utf8)
                    #expect(!isRunning(id.trimmingCharacters(in: .newlines)))
                }
            }
        }

        @Test("what a command leaves in the background does not hold it up")
        func background() async throws {
            try await Server.run { taskwire in
                try await withTemporaryFolder { folder in
                    _ = try await taskwire("create", "t1")
                    let line = "sleep 600 & echo $! > \(folder)/a; echo done"
                    #expect(try await taskwire("run", "t1", "--", line).exitCode == 0)
                    #expect(try await taskwire("result", "t1").text == "done\n")
                    _ = try await taskwire.shell("kill $(cat \(folder)/a)")
                }
            }
        }

        @Test("a command that never reads its input is no problem")
        func unreadInput() async throws {
            try await Server.run { taskwire in
                _ = try await taskwire(
                    "create",
                    "t1",
                    "--request",
                    "-",
                    input: [UInt8](repeating: 1, count: 1 << 20)
                )
                #expect(try await taskwire("run", "t1", "--", "true").exitCode == 0)
                #expect(try await taskwire("result", "t1").output.isEmpty)
            }
        }

        @Test("the command can tell how far it is")
        func progress() async throws {
            try await Server.run { taskwire in
                _ = try await taskwire("create", "t1")
                let line = "\"$taskwire\" update $TASKWIRE_TASK_ID --progress 1/2 >&2; echo x"
                #expect(try await taskwire("run", "t1", "--", line).line == "t1   completed   1/2")
            }
        }

        @Test("a task that has ended is not worked on")
        func ended() async throws {
            try await Server.run { taskwire in
                try await withTemporaryFolder { folder in
                    _ = try await taskwire("create", "t1")
                    _ = try await taskwire("cancel", "t1")
                    let run = try await taskwire("run", "t1", "--", "touch \(folder)/a")
                    #expect(run.exitCode == 7 && run.output.isEmpty)
                    #expect(run.error == "taskwire: task t1 has ended already, it is cancelled\n")
                    let document = try await taskwire("run", "t1", "--json", "--", "touch \(folder)/a")
                    #expect(document.exitCode == 7)
                    #expect(try document.json["status"]?.string == "cancelled")

                    _ = try await taskwire("create", "failed")
                    _ = try await taskwire("fail", "failed", "--message", "x")
                    #expect(try await taskwire("run", "failed", "--", "touch \(folder)/a").exitCode == 6)
                    _ = try await taskwire("create", "done")
                    _ = try await taskwire("complete", "done", "--data", "x")
                    let done = try await taskwire("run", "done", "--", "touch \(folder)/a")
                    #expect(done.exitCode == 1 && done.error.contains("has ended already"))
                    #expect(!FileManager.default.fileExists(atPath: "\(folder)/a"))
                    #expect(try await taskwire("run", "t2", "--", "touch \(folder)/a").exitCode == 3)
                }
            }
        }
    }
}

internal import Foundation
internal import Subprocess
internal import TaskwireTestSupport
internal import Testing

extension CommandTests {
    @Suite("Leases")
    struct LeaseTests {
        /// What the file at `path` says once it is there.
        private func text(of path: String) async throws -> String {
            var text = ""
            try await eventually("\(path) is written") {
                text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
                return text.hasSuffix("\n")
            }
            return text.trimmingCharacters(in: .newlines)
        }

        @Test("claim, renew, release: only who has the token changes the task")
        func life() async throws {
            try await Server.run { taskwire in
                _ = try await taskwire("create", "t1")
                let claim = try await taskwire("claim", "t1", "--worker", "ann", "--lease", "10m")
                let token = claim.line
                #expect(claim.exitCode == 0 && claim.text.wholeMatch(of: /[0-9a-f]{32}\n/) != nil)

                let second = try await taskwire("claim", "t1", "--worker", "bob")
                #expect(second.exitCode == 8 && second.output.isEmpty)
                #expect(second.error.contains("held by ann until ") && second.error.contains("(LEASE_HELD)"))
                #expect(try await taskwire("get", "t1").text.contains(/worker: +ann, until 2/))

                let refused = try await taskwire("update", "t1", "--progress", "1/2")
                #expect(refused.exitCode == 8 && refused.error.contains("(LEASE_LOST); ann has it until "))
                let commands = [
                    ["complete", "t1", "--data", "x"], ["fail", "t1", "--message", "x"],
                    ["messages", "enqueue", "t1", "x"], ["input", "ask", "t1", "k", "x"],
                    ["update", "t1", "--progress", "1/2", "--lease-token", "00"],
                    ["renew", "t1", "00"], ["release", "t1", "00"],
                ]
                for command in commands {
                    let outcome = try await taskwire.running(command) { _ in }
                    #expect(outcome.exitCode == 8 && outcome.error.contains("LEASE_LOST"), "\(command)")
                }

                let progress = ["update", "t1", "--progress", "1/2", "--lease-token", token.uppercased()]
                #expect(try await taskwire.running(progress) { _ in }.line == "t1   working   1/2")
                let renewed = try await taskwire("renew", "t1", token, "--lease", "1m", "--json").json
                #expect(renewed.details?["lease"]?["worker"]?.string == "ann")
                #expect(renewed.details?["leaseToken"] == nil, "only the one who claims is told")

                #expect(try await taskwire("release", "t1", token).line == "t1   working   1/2")
                let late = try await taskwire("release", "t1", token)
                #expect(late.exitCode == 8 && late.error.contains("nobody has it now"))
                let again = try await taskwire("claim", "t1", "--json").json
                let newToken = try #require(again.details?["leaseToken"]?.string)
                #expect(newToken != token && again["status"]?.string == "working")
                #expect(again.details?["lease"]?["worker"]?.string?.contains(":") == true)
                #expect(
                    try await taskwire("complete", "t1", "--data", "x", "--lease-token", newToken).exitCode
                        == 0
                )
                #expect(try await taskwire("claim", "t1").error.contains("TASK_TERMINAL"))
            }
        }

        @Test("the variables give the token of one task")
        func variables() async throws {
            try await Server.run { taskwire in
                _ = try await taskwire("create", "t1")
                _ = try await taskwire("create", "t2")
                var worker = taskwire
                let token = try await taskwire("claim", "t1").line
                worker.environment["TASKWIRE_LEASE_TOKEN"] = token
                #expect(try await worker("update", "t1", "--progress", "1").exitCode == 8, "which task?")
                worker.environment["TASKWIRE_TASK_ID"] = "t1"
                #expect(try await worker("update", "t1", "--progress", "1").exitCode == 0)
                #expect(try await worker("update", "t2", "--progress", "1").exitCode == 0, "unclaimed")
                let wrong = try await worker("update", "t1", "--progress", "1", "--lease-token", "00")
                #expect(wrong.exitCode == 8, "the option counts more")

                worker.environment["TASKWIRE_LEASE_TOKEN"] = "xyz"
                let refused = try await worker("fail", "t1", "--message", "x")
                #expect(refused.exitCode == 64)
                #expect(
                    refused.error.hasPrefix("taskwire: TASKWIRE_LEASE_TOKEN: \"xyz\" is no lease token: ")
                )
            }
        }

        @Test("while run works the task is its own, and its command has the token")
        func run() async throws {
            try await Server.run { taskwire in
                try await withTemporaryFolder { folder in
                    _ = try await taskwire("create", "t1")
                    let line = """
                        "$taskwire" update $TASKWIRE_TASK_ID --progress 1/2 > \(folder)/a
                        until [ -e \(folder)/go ]; do sleep 0.01; done
                        "$taskwire" complete $TASKWIRE_TASK_ID --data early --lease-token $TASKWIRE_LEASE_TOKEN >&2
                        """
                    let run = try await taskwire.running(["run", "t1", "--worker", "ann", "--", line]) { _ in
                        #expect(try await text(of: "\(folder)/a") == "t1   working   1/2")
                        #expect(try await taskwire("get", "t1").text.contains(/worker: +ann, until 2/))
                        #expect(try await taskwire("update", "t1", "--progress", "2").exitCode == 8)
                        #expect(try await taskwire("claim", "t1").exitCode == 8)
                        let second = try await taskwire("run", "t1", "--", "touch \(folder)/second")
                        #expect(second.exitCode == 8 && second.error.contains("held by ann until "))
                        #expect(!FileManager.default.fileExists(atPath: "\(folder)/second"))
                        try Data().write(to: URL(filePath: "\(folder)/go"))
                    }
                    #expect(run.exitCode == 0 && run.line == "t1   completed   1/2", "\(run.error)")
                    #expect(try await taskwire("result", "t1").text == "early")
                }
            }
        }

        @Test("a run that is killed takes its command along, and its task fails")
        func killedRun() async throws {
            try await Server.run { taskwire in
                try await withTemporaryFolder { folder in
                    _ = try await taskwire("create", "t1")
                    let line = "sleep 600 & echo $! > \(folder)/b; echo $$ > \(folder)/a; wait"
                    let run = try await taskwire.running(["run", "t1", "--lease", "2s", "--", line]) {
                        execution in
                        _ = try await text(of: "\(folder)/a")
                        try execution.send(signal: .kill)
                    }
                    #expect(run.exitCode == 137)
                    let waited = try await taskwire("wait", "t1", "--timeout", "60s")
                    #expect(waited.exitCode == 6)
                    #expect(waited.error == "taskwire: task t1 failed: worker lost\n")
                    for name in ["a", "b"] {
                        let id = try await text(of: "\(folder)/\(name)")
                        try await eventually("process \(name) has ended") { !isRunning(id) }
                    }
                }
            }
        }

        @Test("with --on-loss release the task of a killed run is another worker's")
        func releasedByLoss() async throws {
            try await Server.run { taskwire in
                try await withTemporaryFolder { folder in
                    _ = try await taskwire("create", "t1")
                    let line = "echo $TASKWIRE_LEASE_TOKEN > \(folder)/a; sleep 600"
                    let options = ["--lease", "2s", "--on-loss", "release"]
                    _ = try await taskwire.running(["run", "t1"] + options + ["--", line]) { execution in
                        _ = try await text(of: "\(folder)/a")
                        try execution.send(signal: .kill)
                    }
                    try await eventually("the task can be claimed") {
                        try await taskwire("claim", "t1", "--worker", "bob").exitCode == 0
                    }
                    let token = try await text(of: "\(folder)/a")
                    let late = try await taskwire("complete", "t1", "--data", "x", "--lease-token", token)
                    #expect(late.exitCode == 8 && late.error.contains("bob has it until "))
                }
            }
        }

        @Test("a run that slept through its lease ends its command and says so")
        func sleeper() async throws {
            try await Server.run { taskwire in
                try await withTemporaryFolder { folder in
                    _ = try await taskwire("create", "t1")
                    let line = "echo $$ > \(folder)/a; sleep 600"
                    let options = ["--lease", "2s", "--on-loss", "release"]
                    let run = try await taskwire.running(["run", "t1"] + options + ["--", line]) {
                        execution in
                        _ = try await text(of: "\(folder)/a")
                        try execution.send(signal: .suspend)
                        try await eventually("the task can be claimed") {
                            try await taskwire("claim", "t1", "--worker", "bob").exitCode == 0
                        }
                        try execution.send(signal: .resume)
                    }
                    #expect(run.exitCode == 8)
                    #expect(
                        run.error == "taskwire: the lease of task t1 was lost, and the command ended\n"
                    )
                    let id = try await text(of: "\(folder)/a")
                    #expect(!isRunning(id))
                    #expect(try await taskwire("get", "t1").text.contains("bob"), "and is left to bob")
                }
            }
        }

        @Test("a run whose server goes away for longer than the lease ends, too")
        func lostServer() async throws {
            try await withTemporaryFolder { folder in
                var run: Task<Program.Outcome, any Error>?
                try await Server.run { taskwire in
                    _ = try await taskwire("create", "t1")
                    let line = "echo $$ > \(folder)/a; sleep 600"
                    run = Task {
                        let options = ["--lease", "2s", "--timeout", "1s"]
                        return try await taskwire.running(["run", "t1"] + options + ["--", line]) { _ in }
                    }
                    _ = try await text(of: "\(folder)/a")
                }
                let outcome = try await #require(run).value
                #expect(outcome.exitCode == 8 && outcome.error.contains("the lease of task t1 was lost"))
                let id = try await text(of: "\(folder)/a")
                #expect(!isRunning(id))
            }
        }

        @Test(
            "with --on-loss release, Ctrl-C gives the task back",
            arguments: [Signal.interrupt, .terminate]
        )
        func givenBack(signal: Signal) async throws {
            try await Server.run { taskwire in
                try await withTemporaryFolder { folder in
                    _ = try await taskwire("create", "t1")
                    let line = "echo $$ > \(folder)/a; sleep 600"
                    let run = try await taskwire.running(["run", "t1", "--on-loss", "release", "--", line]) {
                        execution in
                        _ = try await text(of: "\(folder)/a")
                        try execution.send(signal: signal)
                    }
                    #expect(run.exitCode == 128 + signal.rawValue && run.line == "t1   working")
                    #expect(run.error.hasSuffix(", and task t1 was given back\n"), "\(run.error)")
                    let id = try await text(of: "\(folder)/a")
                    #expect(!isRunning(id))
                    #expect(try await taskwire("run", "t1", "--", "echo done").exitCode == 0)
                }
            }
        }
    }
}

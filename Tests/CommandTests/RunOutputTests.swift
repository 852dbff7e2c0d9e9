internal import Foundation
internal import Subprocess
internal import TaskwireTestSupport
internal import Testing

extension CommandTests {
    @Suite("run --output")
    struct RunOutputTests {
        private func message(of id: String, _ taskwire: Program) async throws -> String? {
            try await taskwire("get", id, "--json").json["statusMessage"]?.string
        }

        @Test func `a file that the command did not write is no result`() async throws {
            try await Server.run { taskwire in
                try await withTemporaryFolder { folder in
                    let path = "\(folder)/out"
                    try Data("old".utf8).write(to: URL(filePath: path))
                    _ = try await taskwire("create", "t1")
                    #expect(try await taskwire("run", "t1", "--output", path, "--", "true").exitCode == 6)
                    #expect(
                        try await message(of: "t1", taskwire)
                            == "the command did not write \(path), which was there before"
                    )
                    let commands = [
                        "printf new > \(path)", "printf new > \(path).new; mv \(path).new \(path)",
                        "printf new > \(path); touch -r /etc/passwd \(path)",
                    ]
                    for (index, command) in commands.enumerated() {
                        try Data("old".utf8).write(to: URL(filePath: path))
                        _ = try await taskwire("create", "new\(index)")
                        let run = try await taskwire("run", "new\(index)", "--output", path, "--", command)
                        #expect(run.exitCode == 0, "\(command): \(run.error)")
                        #expect(try await taskwire("result", "new\(index)").text == "new")
                    }
                }
            }
        }

        @Test(arguments: [Signal.terminate, .interrupt])
        func `a run that waits for the writer of a FIFO can be ended`(signal: Signal) async throws {
            try await Server.run { taskwire in
                try await withTemporaryFolder { folder in
                    let path = "\(folder)/fifo"
                    #expect(mkfifo(path, 0o600) == 0)
                    _ = try await taskwire("create", "t1")
                    let command = "echo $$ > \(folder)/id"
                    let run = try await taskwire.running(["run", "t1", "--output", path, "--", command]) {
                        execution in
                        try await eventually("the command has ended") {
                            let text = try? String(contentsOfFile: "\(folder)/id", encoding: .utf8)
                            guard let text, text.hasSuffix("\n") else { return false }
                            return !isRunning(text.trimmingCharacters(in: .newlines))
                        }
                        try execution.send(signal: signal)
                    }
                    #expect(run.exitCode == 128 + signal.rawValue)
                    let task = try await taskwire("get", "t1", "--json").json
                    #expect(task["status"]?.string == "cancelled")
                    #expect(task["statusMessage"]?.string?.hasPrefix("taskwire run was ended by") == true)
                }
            }
        }

        @Test func `a FIFO is read until its writers have closed it`() async throws {
            try await Server.run { taskwire in
                try await withTemporaryFolder { folder in
                    let path = "\(folder)/fifo"
                    #expect(mkfifo(path, 0o600) == 0)
                    _ = try await taskwire("create", "t1")
                    let command = "seq 100000 > \(path) 2>/dev/null &"
                    let run = try await taskwire("run", "t1", "--output", path, "--", command)
                    #expect(run.exitCode == 0, "\(run.error)")
                    #expect(try await taskwire("result", "t1").text.hasSuffix("\n99999\n100000\n"))
                }
            }
        }

        @Test func `a command that finishes after a request to cancel has completed the task`() async throws {
            try await Server.run { taskwire in
                try await withTemporaryFolder { folder in
                    for (id, code, ending) in [("t1", 0, "completed"), ("t2", 3, "cancelled")] {
                        _ = try await taskwire("create", id)
                        let command = """
                            trap 'echo finished; exit \(code)' TERM; touch \(folder)/\(id)
                            while :; do sleep 0.01; done
                            """
                        let run = try await taskwire.running(["run", id, "--", command]) { _ in
                            try await eventually("the command runs") {
                                FileManager.default.fileExists(atPath: "\(folder)/\(id)")
                            }
                            #expect(try await taskwire("cancel", id, "--request-only").exitCode == 0)
                        }
                        #expect(run.exitCode == (code == 0 ? 0 : 7), "\(run.error)")
                        #expect(run.line.hasPrefix("\(id)   \(ending)"))
                    }
                    #expect(try await taskwire("result", "t1").text == "finished\n")
                }
            }
        }

        @Test func `a task that was cancelled at once stays so, whatever its command does`() async throws {
            try await Server.run { taskwire in
                try await withTemporaryFolder { folder in
                    _ = try await taskwire("create", "t1")
                    let command = "trap 'exit 0' TERM; touch \(folder)/a; while :; do sleep 0.01; done"
                    let run = try await taskwire.running(["run", "t1", "--", command]) { _ in
                        try await eventually("the command runs") {
                            FileManager.default.fileExists(atPath: "\(folder)/a")
                        }
                        #expect(try await taskwire("cancel", "t1").exitCode == 0)
                    }
                    #expect(run.exitCode == 7 && run.line.hasPrefix("t1   cancelled"))
                }
            }
        }

        @Test func `without a place for the request the command is not started and the task is left alone`()
            async throws
        {
            try await Server.run { taskwire in
                try await withTemporaryFolder { folder in
                    _ = try await taskwire("create", "t1")
                    var program = taskwire
                    program.environment["TMPDIR"] = "\(folder)/none"
                    let run = try await program("run", "t1", "--", "touch \(folder)/a")
                    #expect(run.exitCode == 1 && run.output.isEmpty)
                    #expect(run.error.contains("cannot be started") && run.error.contains("\(folder)/none: "))
                    #expect(run.error.split(separator: "\n").count == 1)
                    let task = try await taskwire("get", "t1", "--json").json
                    #expect(task["status"]?.string == "working" && task.details?["revision"]?.number == 1)
                    #expect(!FileManager.default.fileExists(atPath: "\(folder)/a"))
                }
            }
        }

        @Test func `a request that cannot be kept gives the task back`() async throws {
            try await Server.run { taskwire in
                try await withTemporaryFolder { folder in
                    let request = [UInt8](repeating: 1, count: 1 << 20)
                    _ = try await taskwire("create", "t1", "--request", "-", input: request)
                    // A full disk would do the same.
                    let line = "trap '' XFSZ; ulimit -f 4; exec $taskwire run t1 -- 'touch \(folder)/a'"
                    let run = try await taskwire.shell(line)
                    #expect(run.exitCode == 1, "\(run.error)")
                    #expect(run.error.contains("cannot be started: File too large; task t1 was given back"))
                    #expect(!FileManager.default.fileExists(atPath: "\(folder)/a"))
                    #expect(try await taskwire("run", "t1", "--", "wc -c").exitCode == 0)
                    #expect(try await taskwire("result", "t1").text == "\(request.count)\n")
                }
            }
        }
    }
}

internal import Subprocess
internal import SystemPackage
internal import TaskwireTestSupport
internal import Testing

extension CommandTests {
    @Suite("bench")
    struct BenchTests {
        private static let percentiles = ["p50", "p90", "p99", "p999", "max"].map { "\($0)Microseconds" }

        /// What the server says.
        private func stats(_ taskwire: Program) async throws -> JSON {
            try await taskwire("stats", "--json").json
        }

        /// How often a method of tasks was called.
        private func calls(of method: String, _ taskwire: Program) async throws -> Double? {
            try await stats(taskwire)["methods"]?.array?
                .first { $0["name"]?.string == "taskwire.v1.TaskService/\(method)" }?["calls"]?.number
        }

        @Test(
            "each mix makes the calls that it says, and takes only its own tasks away",
            arguments: [
                ("get", 1, ["GetTask": 20]),
                ("create", 1, ["CreateTask": 20]),
                ("update", 1, ["UpdateTask": 20]),
                (
                    "lifecycle", 5,
                    ["CreateTask": 20, "UpdateTask": 40, "CompleteTask": 20, "GetResult": 20]
                ),
                ("wait", 3, ["WaitTask": 20, "UpdateTask": 20]),
            ]
        )
        func mixes(mix: String, callsPerOperation: Double, calls: [String: Double]) async throws {
            try await Server.run { taskwire in
                let before = mix == "create" || mix == "lifecycle" ? ["CreateTask": 1.0] : [:]
                _ = try await taskwire("create", "mine", "--label", "bench=\(mix)")
                let options = ["--count", "20", "--callers", "3", "--warm-up", "0s", "--json"]
                let outcome = try await taskwire.running(["bench", "--mix", mix] + options) { _ in }
                #expect(outcome.exitCode == 0 && outcome.error == "")

                let report = try outcome.json
                let members: Set = [
                    "mix", "callers", "payloadBytes", "tasks", "seconds", "operations", "calls", "errors",
                    "throughput", "operationsPerSecond",
                ]
                #expect(report.keys == members.union(Self.percentiles))
                #expect(report["mix"]?.string == mix && report["callers"]?.number == 3)
                #expect(report["payloadBytes"]?.number == 200 && report["errors"]?.number == 0)
                #expect(report["operations"]?.number == 20)
                #expect(report["calls"]?.number == 20 * callsPerOperation)
                let seconds = try #require(report["seconds"]?.number)
                let throughput = try #require(report["throughput"]?.number)
                #expect(abs(throughput - 20 * callsPerOperation / seconds) < 0.1)
                let latencies = Self.percentiles.compactMap { report[$0]?.number }
                #expect(latencies.count == 5 && latencies == latencies.sorted() && latencies[0] > 0)

                for (method, count) in calls {
                    let expected = count + before[method, default: 0]
                    #expect(try await self.calls(of: method, taskwire) == expected, "\(method)")
                }
                #expect(try await stats(taskwire)["tasks"]?.number == 1)
                #expect(try await taskwire("get", "mine").exitCode == 0)
            }
        }

        @Test("people get a table; what is done to warm up does not count")
        func table() async throws {
            try await Server.run { taskwire in
                let outcome = try await taskwire(
                    "bench",
                    "--mix",
                    "get",
                    "--count",
                    "7",
                    "--callers",
                    "2",
                    "--warm-up",
                    "50ms",
                    "--payload",
                    "0"
                )
                #expect(outcome.exitCode == 0 && outcome.error == "")
                let lines = outcome.text.split(separator: "\n", omittingEmptySubsequences: false)
                #expect(lines.contains { $0.hasPrefix("payload:") && $0.hasSuffix(" 0 bytes") })
                #expect(lines.contains { $0.hasPrefix("calls:") && $0.hasSuffix(" 7") })
                #expect(lines.contains { $0.hasPrefix("throughput:") && $0.hasSuffix(" calls per second") })
                #expect(lines.contains { $0.hasPrefix("P50 µs   P90 µs   P99 µs   P99.9 µs   MAX µs") })
                #expect(try #require(await calls(of: "GetTask", taskwire)) > 7)
            }
        }

        @Test("tasks that stay meanwhile are made before, are read all over, and are taken away")
        func population() async throws {
            try await Server.run { taskwire in
                let options = [
                    "--tasks", "300", "--callers", "2", "--count", "600", "--warm-up", "0s", "--json",
                ]
                let outcome = try await taskwire.running(["bench", "--mix", "update"] + options + ["--keep"])
                {
                    _ in
                }
                #expect(outcome.exitCode == 0 && outcome.error == "")
                let report = try outcome.json
                #expect(report["tasks"]?.number == 300 && report["operations"]?.number == 600)
                #expect(try await calls(of: "CreateTask", taskwire) == 300)
                #expect(try await calls(of: "StoreResult", taskwire) == 300)
                let tasks = try await taskwire("list", "--limit", "400", "--json").json.array ?? []
                #expect(tasks.count == 300)
                let changed = tasks.filter { $0["statusMessage"]?.string != nil }
                #expect(changed.count > 250)

                let again = try await taskwire.running(["bench", "--mix", "get"] + options) { _ in }
                #expect(again.exitCode == 0 && again.error == "")
                #expect(try await stats(taskwire)["tasks"]?.number == 300)
            }
        }

        @Test("tasks that are kept expire together, when it was said")
        func expiry() async throws {
            try await Server.run { taskwire in
                let start = ContinuousClock.now
                let options = ["--callers", "2", "--count", "20", "--warm-up", "0s", "--keep"]
                let outcome = try await taskwire.running(
                    ["bench", "--mix", "create", "--expire-after", "3s"] + options
                ) { _ in }
                #expect(outcome.exitCode == 0 && outcome.error == "")
                let tasks = try await taskwire("list", "--json").json.array ?? []
                #expect(tasks.count == 20)
                #expect(tasks.allSatisfy { 1...3000 ~= $0["ttl"]?.number ?? 0 })
                // Tasks that expire while they are worked on have failed.
                try await eventually("they expire") {
                    try await taskwire("list", "--status", "failed", "--json").json.array?.count == 20
                }
                #expect(ContinuousClock.now - start >= .milliseconds(2900))
            }
        }

        @Test("calls that are held wait at the server, and are woken together")
        func holding() async throws {
            try await Server.run { taskwire in
                let options = ["--mix", "wait", "--hold", "2s", "--callers", "50", "--json"]
                let outcome = try await taskwire.running(["bench"] + options) { _ in
                    try await untilWaiting(taskwire, count: 50)
                }
                #expect(outcome.exitCode == 0 && outcome.error == "")
                let report = try outcome.json
                #expect(report["operations"]?.number == 50 && report["calls"]?.number == 100)
                #expect(try await calls(of: "WaitTask", taskwire) == 50)
                #expect(try await calls(of: "UpdateTask", taskwire) == 50)
                let after = try await stats(taskwire)
                #expect(after["tasks"]?.number == 0 && after["waits"]?.number == 0)
            }
        }

        @Test("what is changed elsewhere wakes a call that waits here")
        func changesElsewhere() async throws {
            try await Server.run { taskwire in
                try await Server.run { other in
                    let options = ["--mix", "wait", "--callers", "1", "--count", "1", "--warm-up", "0s"]
                    let outcome = try await taskwire.running(
                        ["bench", "--change-at", other.url, "--timeout", "5s"] + options
                    ) { _ in }
                    // The other server has a store of its own.
                    #expect(outcome.exitCode == 3)
                    #expect(outcome.error.hasSuffix("(TASK_NOT_FOUND)\n"))
                    #expect(try await calls(of: "UpdateTask", other) == 1)
                    #expect(try await calls(of: "UpdateTask", taskwire) ?? 0 == 0)
                }
            }
        }

        @Test(
            "raw exchanges over sockets and over streams are counted and have the sizes that were asked for",
            arguments: [[], ["--stream"]] as [[String]],
            [[], ["--stream"]] as [[String]]
        )
        func baseline(serving: [String], loading: [String]) async throws {
            try await withTemporaryFolder { folder in
                let program = FilePath(try builtProgram("taskwire-baseline"))
                let address = ["--url", "ipc://\(folder)/t.sock", "--reply", "300"]
                let server = try await Subprocess.run(
                    .path(program),
                    arguments: Arguments(["serve"] + serving + address),
                    input: .none,
                    output: .discarded,
                    error: .discarded
                ) { execution in
                    defer { try? execution.send(signal: .terminate) }
                    let load = try await Subprocess.run(
                        .path(program),
                        arguments: Arguments(
                            ["load"] + loading + address
                                + ["--callers", "8", "--count", "500", "--request", "0"]
                        ),
                        output: .bytes(limit: 1 << 16),
                        error: .discarded
                    )
                    #expect(load.terminationStatus == .exited(0))
                    let report = try JSON(load.standardOutput)
                    #expect(report["operations"]?.number == 500 && report["errors"]?.number == 0)
                    #expect(report["requestBytes"]?.number == 0 && report["replyBytes"]?.number == 300)
                    let latencies = Self.percentiles.compactMap { report[$0]?.number }
                    #expect(latencies.count == 5 && latencies == latencies.sorted() && latencies[0] > 0)
                    let seconds = try #require(report["seconds"]?.number)
                    let throughput = try #require(report["throughput"]?.number)
                    #expect(abs(throughput * seconds - 500) < 1)

                    let other = try await Subprocess.run(
                        .path(program),
                        arguments: Arguments(
                            ["load", "--reply", "299", "--count", "1"] + loading + address.prefix(2)
                        ),
                        output: .bytes(limit: 1 << 16),
                        error: .string(limit: 1 << 16)
                    )
                    #expect(other.terminationStatus == .exited(1) && other.standardOutput.isEmpty)
                    #expect(other.standardError.hasSuffix("exchanges failed\n"))
                }
                #expect(server.terminationStatus == .exited(0))
            }
        }

        @Test("a duration ends it")
        func duration() async throws {
            try await Server.run { taskwire in
                let report = try await taskwire("bench", "--duration", "200ms", "--warm-up", "0s", "--json")
                    .json
                #expect(try #require(report["seconds"]?.number) >= 0.2)
                #expect(try #require(report["operations"]?.number) > 0)
            }
        }

        @Test("calls that fail are counted and end it with 1")
        func errors() async throws {
            try await Server.run(["--max-tasks-per-owner", "5"]) { taskwire, _ in
                let options = ["--callers", "1", "--count", "12", "--warm-up", "0s", "--json"]
                let outcome = try await taskwire.running(["bench", "--mix", "create"] + options) { _ in }
                #expect(outcome.exitCode == 1)
                #expect(outcome.error.hasPrefix("taskwire: 7 calls failed, one of them so: "))
                #expect(outcome.error.hasSuffix("(TASK_QUOTA)\n"))
                let report = try outcome.json
                #expect(report["operations"]?.number == 5 && report["errors"]?.number == 7)
                #expect(try await stats(taskwire)["tasks"]?.number == 0)

                let refused = try await taskwire("bench", "--mix", "get", "--callers", "6")
                #expect(refused.exitCode == 1 && refused.output.isEmpty)
                #expect(refused.error.hasSuffix("(TASK_QUOTA)\n"))
                #expect(try await stats(taskwire)["tasks"]?.number == 0)
            }
        }

        @Test("Ctrl-C ends it with 130; its tasks have a label, a ttl and the payload, and are deleted")
        func interruption() async throws {
            try await Server.run { taskwire in
                let options = ["--callers", "3", "--payload", "100", "--duration", "1h"]
                let outcome = try await taskwire.running(["bench", "--mix", "wait"] + options) { execution in
                    try await eventually("the callers wait") {
                        try await calls(of: "WaitTask", taskwire) ?? 0 > 0
                    }
                    let tasks = try await taskwire("list", "--label", "bench=wait", "--json").json.array ?? []
                    #expect(tasks.count == 3)
                    #expect(tasks.allSatisfy { $0["ttl"]?.number ?? 0 > 3_600_000 })
                    let id = try #require(tasks.first?["taskId"]?.string)
                    let size = try await taskwire("get", id, "--json").json.details?["request"]?["size"]
                    #expect(size?.number == 100)
                    try execution.send(signal: .interrupt)
                }
                #expect(outcome.exitCode == 130 && outcome.output.isEmpty)
                #expect(outcome.error == "taskwire: interrupted by SIGINT\n")
                let after = try await stats(taskwire)
                #expect(after["tasks"]?.number == 0 && after["waits"]?.number == 0)
            }
        }

        @Test("a server that goes away ends it with what there is to report")
        func serverGoes() async throws {
            var running: Task<Program.Outcome, any Error>?
            try await Server.run { taskwire in
                running = Task {
                    try await taskwire(
                        "bench",
                        "--mix",
                        "update",
                        "--callers",
                        "3",
                        "--duration",
                        "1h",
                        "--json"
                    )
                }
                try await eventually("the callers call") {
                    try await calls(of: "UpdateTask", taskwire) ?? 0 > 0
                }
            }
            let outcome = try await #require(running).value
            #expect(outcome.exitCode == 4)
            let lines = outcome.error.split(separator: "\n")
            #expect(lines.count == 2)
            #expect(lines[0].hasPrefix("taskwire: 3 tasks could not be deleted and stay until their ttl"))
            #expect(lines[1].hasPrefix("taskwire: 3 calls failed") && lines[1].contains("UNREACHABLE"))
            #expect(try outcome.json["errors"]?.number == 3)
        }
    }
}
